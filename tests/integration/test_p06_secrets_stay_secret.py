"""P6: no password and no base64 of it, however it is escaped, in anything that a run leaves, prints or lets others see.

What is looked for is in ``secret_forms.py``, and where in ``traces.py``. That the search finds what is there is shown
by the last test here, and by ``test_secret_search.py``.
"""

import base64
import json
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from pulumi import automation
from pulumi_image_pull_secrets import ImagePullSecrets, cluster_provider
from pulumi_image_pull_secrets.token_expiry import EXPIRES_ANNOTATION
from pulumi_kubernetes.core import v1 as core

from sandbox.engine import CHECKOUT, Engine, checkout_program
from tests.integration.clones import Clone
from tests.integration.interrupted import interrupted  # noqa: F401
from tests.integration.live import CONTEXT, LiveCluster
from tests.integration.program import PASSWORD_ENV, ProgramStack
from tests.integration.secret_forms import new_password, places_of
from tests.integration.traces import watching_traces

pytestmark = pytest.mark.usefixtures("interrupted")

FILES = ("/stacks/", "/history/", "/backups/")
"""State, history and backups; they are among what is searched."""


class Searched:
    """A stack whose runs are searched, all that they print and leave, and what is seen of them while they last."""

    def __init__(self, stack: ProgramStack, engine: Engine, temporary: Path) -> None:
        self.stack = stack
        self._engine = engine
        self._temporary = temporary
        self.texts: dict[str, bytes] = {}
        self.known_variables: list[str] = []

    def run(self, operation: str, *flags: str, failing: bool = False, **options: Any) -> None:
        """One run of the engine. ``flags`` are of its command line, for what the Automation API has no option for."""
        seen: list[str] = []
        with watching_traces(self._engine.folder, self._temporary) as traces:
            stack = self.stack.stack()
            try:
                with _with_flags(stack, operation, flags):
                    run: Callable[..., Any] = getattr(stack, operation)
                    run(
                        on_output=seen.append,
                        on_error=seen.append,
                        on_event=lambda event: seen.append(json.dumps(event, default=vars)),
                        **options,
                    )
                failed = False
            except automation.CommandError as error:
                failed = True
                seen += ["".join(traceback.format_exception(error)), repr(error), repr(vars(error))]
        assert failed is failing, "\n".join(seen)
        assert traces.ran("bin/pulumi ")
        number = len(self.texts)
        found = {**traces.texts(known_variables=self.known_variables), "what was printed": "\n".join(seen).encode()}
        self.texts |= {f"{place}, in {operation} ({number})": text for place, text in found.items()}

    def ask(self) -> None:
        """What the engine's own command line says of the stack."""
        for question in ("stack export", "stack history --json", "stack output --json", "config --json"):
            answer = self._engine.run([*question.split(), "--stack", self.stack.name])
            assert answer.stdout.strip()
            self.texts[question] = f"{answer.stdout}{answer.stderr}".encode()

    def assert_nowhere(self, *known: str) -> None:
        for folder in FILES:
            assert any(folder in place for place in self.texts), f"nothing in {folder} was searched"
        assert not places_of(known, self.texts)


@contextmanager
def _with_flags(stack: automation.Stack, operation: str, flags: tuple[str, ...]) -> Iterator[None]:
    command = stack.workspace.pulumi_command
    original = command.run

    def run(args: list[str], *positional: Any, **named: Any) -> Any:
        return original([*args, *flags] if operation in args else args, *positional, **named)

    command.run = run  # type: ignore[method-assign]
    try:
        yield
    finally:
        command.run = original  # type: ignore[method-assign]


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this process and its children put their temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


@pytest.fixture
def searched(stack: ProgramStack, engine: Engine, temporary: Path) -> Searched:
    return Searched(stack, engine, temporary)


def every_kind_of_run(
    searched: Searched, engine: Engine, break_preview: Callable[[], Any], break_up: Callable[[], Any]
) -> None:
    """``break_preview`` and ``break_up`` change what the next run finds; what they return undoes it."""
    searched.run("preview", "--json", plan=str(engine.folder / "plan.json"))
    searched.run("up", "--json", debug=True)
    mend = break_preview()
    searched.run("preview", diff=True, debug=True, failing=True)
    mend()
    mend = break_up()
    searched.run("up", diff=True, debug=True, failing=True)
    mend()
    searched.run("refresh", "--diff", debug=True)
    searched.ask()
    searched.run("destroy", "--json", debug=True)


def test_passwords_from_the_environment_and_from_encrypted_configuration(
    cluster: LiveCluster, searched: Searched, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack, passwords = searched.stack, [new_password() for _ in range(4)]
    namespace = cluster.new_namespace()
    stack.program = checkout_program
    stack.config["namespaces"] = namespaces = [{"name": namespace}]
    # The variable that somebody exports is in each child of theirs, which nothing here can prevent.
    searched.known_variables = [PASSWORD_ENV]

    def give(exported: str, encrypted: str) -> None:
        monkeypatch.setenv(PASSWORD_ENV, exported)
        stack.config["registries"] = [
            {"server": "ghcr.io", "username": "bot", "passwordEnv": PASSWORD_ENV},
            {"server": "quay.io", "username": "bot"},
        ]
        made = stack.stack()
        with watching_traces(engine.folder) as traces:
            engine.set_secret(made, "image-pull-secrets:registries[1].password", encrypted)
        searched.texts |= traces.texts(known_variables=searched.known_variables)
        file = yaml.safe_load((engine.folder / "project" / f"Pulumi.{stack.name}.yaml").read_text())
        stack.config["registries"] = file["config"]["image-pull-secrets:registries"]
        assert list(stack.config["registries"][1]["password"]) == ["secure"]

    def name_a_missing_namespace() -> Callable[[], Any]:
        stack.config["namespaces"] = [*namespaces, {"name": "not-there"}]
        return lambda: stack.config.update(namespaces=namespaces)

    def have_the_api_server_refuse() -> Callable[[], Any]:
        cluster.kubectl("patch", "secret", "regcred", "-n", namespace, "-p", '{"immutable": true}')
        give(*passwords[2:])
        return lambda: cluster.kubectl("delete", "secret", "regcred", "-n", namespace)

    give(*passwords[:2])
    every_kind_of_run(searched, engine, name_a_missing_namespace, have_the_api_server_refuse)

    searched.assert_nowhere(*passwords)
    # The engine would hand a language host of its own the decrypted configuration in this variable; a plugin gets its
    # own part alone.
    given = {text for place, text in searched.texts.items() if place.startswith("PULUMI_CONFIG in ")}
    assert given <= {b"PULUMI_CONFIG={}"}


def test_passwords_that_a_command_prints(
    cluster: LiveCluster, searched: Searched, engine: Engine, tmp_path: Path
) -> None:
    stack, passwords = searched.stack, [new_password() for _ in range(3)]
    namespace = cluster.new_namespace()
    stack.config["namespaces"] = [{"name": namespace}]
    file = tmp_path / "token"
    careless = 'echo "$(cat "$0")" >&2; cat "$0"; exit "$1"'
    login: dict[str, Any] = {"server": "ghcr.io", "username": "bot", "passwordLifetime": "12h"}
    stack.config["registries"] = [login]

    def give(password: str, status: int) -> None:
        file.write_text(password)
        login["passwordCommand"] = ["sh", "-c", careless, str(file), str(status)]

    def fail_when_it_is_renewed() -> Callable[[], Any]:
        cluster.kubectl("annotate", "secret", "regcred", "-n", namespace, f"{EXPIRES_ANNOTATION}-")
        give(passwords[1], status=1)
        return lambda: give(passwords[0], status=0)

    def have_the_api_server_refuse() -> Callable[[], Any]:
        cluster.kubectl("patch", "secret", "regcred", "-n", namespace, "-p", '{"immutable": true}')
        give(passwords[2], status=0)
        return lambda: cluster.kubectl("delete", "secret", "regcred", "-n", namespace)

    give(passwords[0], status=0)
    every_kind_of_run(searched, engine, fail_when_it_is_renewed, have_the_api_server_refuse)

    searched.assert_nowhere(*passwords)


class Importing:
    """Somebody else's program: three components, each with a password that comes in another way."""

    def __init__(self, cluster: LiveCluster) -> None:
        self._cluster = cluster
        self._namespace = cluster.new_namespace()
        self.plain, self.in_a_docker_config, self.known_later = (new_password() for _ in range(3))
        self.now_broken = self.later_broken = False

    def __call__(self) -> None:
        # The kubeconfig as text, which holds a token.
        provider = cluster_provider("cluster", context=CONTEXT, kubeconfig=self._cluster.kubeconfig.read_text())
        opts = pulumi.ResourceOptions(provider=provider)
        metadata: Any = {"name": "made", "namespace": self._namespace}
        made = core.Secret("made", metadata=metadata, string_data={"known": self.known_later}, opts=opts)
        auth = base64.b64encode(f"bot:{self.in_a_docker_config}".encode()).decode()
        text = json.dumps({"auths": {"ghcr.io": {"auth": auth}}})
        later = made.id.apply(lambda _: self.known_later)
        later_text = made.id.apply(lambda _: f'{{"auths": {{"ghcr.io": {{"password": "{self.known_later}"')
        logins: dict[str, Any] = {
            "plain": {"registries": [{"server": "ghcr.io", "username": "bot", "password": self.plain}]},
            "config": {"docker_config_json": text[:-2] if self.now_broken else text},
            "later": {"registries": [{"server": "ghcr.io", "username": "bot", "password": later}]},
        }
        if self.later_broken:
            logins["broken"] = {"docker_config_json": later_text}
        for name, login in logins.items():
            args: Any = {"secret_name": name, "namespaces": [{"name": self._namespace}], **login}
            ImagePullSecrets(name, args, opts)

    def break_now(self) -> Callable[[], Any]:
        self.now_broken = True
        return lambda: setattr(self, "now_broken", False)

    def break_later(self) -> Callable[[], Any]:
        self.later_broken = True
        return lambda: setattr(self, "later_broken", False)


def test_passwords_that_another_program_gives(cluster: LiveCluster, searched: Searched, engine: Engine) -> None:
    importing = Importing(cluster)
    searched.stack.program = lambda: importing
    token = yaml.safe_load(cluster.kubeconfig.read_text())["users"][0]["user"]["token"]

    every_kind_of_run(searched, engine, importing.break_now, importing.break_later)

    searched.assert_nowhere(importing.plain, importing.in_a_docker_config, importing.known_later, token)


def test_the_sandboxs_passwords(clone: Clone, temporary: Path) -> None:
    exported = new_password()
    etcd = clone.folder / ".sandbox" / "cluster" / "etcd"
    with watching_traces(clone.folder, temporary, without=[etcd]) as traces:
        printed = clone.run("up", environment={"GHCR_TOKEN": exported})
        kept = clone.folder / ".sandbox" / "passwords.json"
        made_up = json.loads(kept.read_text())
        modes = [path.stat().st_mode & 0o777 for path in (kept, etcd / "member")]
        printed += clone.run("down", environment={"GHCR_TOKEN": exported})

    assert set(made_up) >= {"DOCKERHUB_TOKEN", "SANDBOX_REGISTRY_PASSWORD"}
    assert all(traces.ran(program) for program in ("bin/pulumi ", "bin/registry ", "bin/kube-apiserver "))
    texts = {**traces.texts(known_variables=["GHCR_TOKEN"]), "what was printed": printed.encode()}
    # The sandbox keeps what it made up, and its cluster keeps its Secrets: both for nobody but their owner.
    assert modes == [0o600, 0o700]
    found = places_of([exported, *made_up.values()], texts)
    assert {place.partition(",")[0] for place in found} == {str(kept)}
    assert not places_of([exported], texts)


_READS_A_KUBECONFIG = """
import stat, sys, tempfile
from pathlib import Path
from pulumi_image_pull_secrets.api import Api
with Api(context="c", kubeconfig=sys.stdin.read()):
    for path in Path(tempfile.gettempdir()).iterdir():
        print(oct(stat.S_IMODE(path.stat().st_mode)), path.read_text())
"""


def test_a_client_key_is_in_a_file_for_its_owner_alone_until_the_program_ends(temporary: Path) -> None:
    key = new_password()
    user = {name: base64.b64encode(key.encode()).decode() for name in ("client-key-data", "client-certificate-data")}
    kubeconfig = {
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1", "insecure-skip-tls-verify": True}}],
        "users": [{"name": "u", "user": user}],
    }

    run = subprocess.run(
        [sys.executable, "-c", _READS_A_KUBECONFIG],
        input=yaml.safe_dump(kubeconfig),
        env={**os.environ, "PYTHONPATH": str(CHECKOUT / "components")},
        capture_output=True,
        text=True,
        check=True,
    )

    # The official client can hand a key to OpenSSL in no other way.
    assert key in run.stdout
    assert {line.split()[0] for line in run.stdout.splitlines() if line.startswith("0o")} == {"0o600"}
    assert list(temporary.iterdir()) == []


def test_the_search_finds_what_a_careless_program_lets_out(searched: Searched) -> None:
    password, other = new_password(), new_password()

    def careless() -> None:
        pulumi.export("password", password)
        pulumi.log.info(password)
        subprocess.run([sys.executable, "-c", "import time; time.sleep(1)", other], check=True)

    searched.stack.program = lambda: careless
    searched.run("up")
    searched.ask()

    found = places_of([password], searched.texts)
    for place in ("/stacks/", "what was printed", "stack export", "stack output"):
        assert any(place in entry for entry in found), place
    assert any(entry.startswith("the command line of ") for entry in places_of([other], searched.texts))
