"""``make up CONTEXT=…``: the program on a cluster that somebody has, with a stack file's encrypted values."""

import base64
import json
import os
import secrets
import subprocess
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import yaml

from tests.integration.clones import Clone
from tests.integration.live import CONTEXT, LiveCluster

STACK = "staging"


class VaultHandler(BaseHTTPRequestHandler):
    """Vault's transit engine, as far as the engine asks it: what is encrypted is the plain text turned around.

    https://developer.hashicorp.com/vault/api-docs/secret/transit
    """

    def do_PUT(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if "/encrypt/" in self.path:
            answer = {"ciphertext": "vault:v1:" + asked["plaintext"][::-1]}
        else:
            answer = {"plaintext": asked["ciphertext"].removeprefix("vault:v1:")[::-1]}
        body = json.dumps({"data": answer}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def vault() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), VaultHandler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class Owner:
    """Somebody with a cluster, a stack file and what its values are encrypted with."""

    def __init__(self, clone: Clone, cluster: LiveCluster, pulumi: Path) -> None:
        self.clone = clone
        self.password = secrets.token_urlsafe(16)
        self.namespace = cluster.new_namespace()
        # What the environment names is another cluster's; the stack file tells its own.
        (clone.folder.parent / "kubeconfig").write_text(cluster.kubeconfig.read_text())
        self.environment = {"KUBECONFIG": "/nowhere"}
        self._pulumi = pulumi

    def encrypt(self, provider: str, **environment: str) -> None:
        """Writes the stack file as ``pulumi stack init`` and ``pulumi config set --secret`` do."""
        self.environment |= environment
        file = self.clone.folder / f"Pulumi.{STACK}.yaml"
        config = {
            "image-pull-secrets:context": "replaced by CONTEXT",
            "image-pull-secrets:secretName": "regcred",
            "image-pull-secrets:registries": [{"server": "ghcr.io", "username": "bot"}],
            "image-pull-secrets:namespaces": [{"name": self.namespace}],
            "image-pull-secrets:kubeconfig": str(self.clone.folder.parent / "kubeconfig"),
        }
        file.write_text(yaml.safe_dump({"config": config}))
        self.pulumi("stack", "init", STACK, "--secrets-provider", provider)
        path = "image-pull-secrets:registries[0].password"
        self.pulumi("config", "set", "--secret", "--path", path, "--stack", STACK, text=self.password)
        assert "secure:" in file.read_text()
        assert self.password not in file.read_text()

    def pulumi(self, *arguments: str, text: str = "") -> None:
        """Somebody's own Pulumi, with a backend of its own."""
        home = self.clone.folder.parent / "own"
        home.mkdir(exist_ok=True)
        environment = {
            **os.environ, **self.environment, "PULUMI_HOME": str(home), "PULUMI_BACKEND_URL": f"file://{home}",
        }  # fmt: skip
        subprocess.run(
            [str(self._pulumi), "--non-interactive", *arguments],
            cwd=self.clone.folder, env=environment, input=text, capture_output=True, text=True, check=True,
        )  # fmt: skip


@pytest.fixture
def owner(clone: Clone, cluster: LiveCluster, parts: dict[str, Path]) -> Owner:
    return Owner(clone, cluster, parts["pulumi"])


def with_passphrase(owner: Owner, vault: str) -> None:
    owner.encrypt("passphrase", PULUMI_CONFIG_PASSPHRASE=secrets.token_urlsafe(12))


def with_vault(owner: Owner, vault: str) -> None:
    token = secrets.token_urlsafe(12)
    owner.encrypt("hashivault://pulls", VAULT_SERVER_URL=vault, VAULT_SERVER_TOKEN=token, PULUMI_CONFIG_PASSPHRASE="")


@pytest.mark.parametrize("encrypt", [with_passphrase, with_vault])
def test_a_cluster_of_ones_own(
    owner: Owner, cluster: LiveCluster, vault: str, encrypt: Callable[[Owner, str], None]
) -> None:
    encrypt(owner, vault)
    file = owner.clone.folder / f"Pulumi.{STACK}.yaml"
    before = file.read_text()

    printed = owner.clone.run("up", "--context", CONTEXT, environment=owner.environment)
    again = owner.clone.run("up", "--context", CONTEXT, environment=owner.environment)

    entry = cluster.docker_config(owner.namespace, "regcred")["auths"]["ghcr.io"]
    assert base64.b64decode(entry["auth"]).decode() == f"bot:{owner.password}"
    assert cluster.pull_secrets(owner.namespace) == ["regcred"]
    assert "created" in printed
    assert "created" not in again
    assert owner.password not in printed + again
    assert file.read_text() == before
    assert not owner.clone.running()
    assert f".venv/bin/pull-secrets doctor --context {CONTEXT} --stack Pulumi.{STACK}.yaml" in printed
    assert "namespaces of" not in printed, "nobody has asked for a report on all of this cluster"

    owner.clone.run("down", "--context", CONTEXT, environment=owner.environment)

    assert cluster.secret(owner.namespace, "regcred") is None
    assert cluster.pull_secrets(owner.namespace) == []
    assert not (owner.clone.folder / ".sandbox").exists()
