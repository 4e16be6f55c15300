"""What is published: the files of the sdist and of the wheel, what it brings along, and that it works elsewhere."""

import json
import re
import secrets
import subprocess
import sys
import tarfile
import zipfile
from importlib.metadata import requires
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from pulumi_image_pull_secrets import __version__

from ci import sbom
from sandbox.engine import CHECKOUT, Engine
from tests.integration.live import CONTEXT, LiveCluster

COMPONENTS = CHECKOUT / "components"
PACKAGE = "pulumi_image_pull_secrets"
INFO = f"{PACKAGE}-{__version__}.dist-info"


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    hatchling = Path(sys.executable).parent / "hatchling"
    subprocess.run([hatchling, "build", "--directory", folder], cwd=COMPONENTS, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def wheel(dist: Path) -> Path:
    (path,) = dist.glob("*.whl")
    return path


def library() -> set[str]:
    """The library's files that are part of the checkout, whatever else lies about."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", PACKAGE]
    run = subprocess.run(command, cwd=COMPONENTS, check=True, capture_output=True, text=True)
    files = set(run.stdout.splitlines())
    assert f"{PACKAGE}/py.typed" in files
    return files


def test_the_wheel_holds_the_library_and_its_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        files = set(archive.namelist())
        licence = archive.read(f"{INFO}/licenses/LICENSE")
    metadata = {f"{INFO}/{name}" for name in ("METADATA", "WHEEL", "RECORD", "licenses/LICENSE")}
    # Where the library has console scripts.
    assert files - {f"{INFO}/entry_points.txt"} == library() | metadata
    assert licence == (CHECKOUT / "LICENSE").read_bytes()


def test_the_sdist_holds_besides_what_it_is_built_with_and_its_plugin_file(dist: Path) -> None:
    (path,) = dist.glob("*.tar.gz")
    top = f"{PACKAGE}-{__version__}/"
    with tarfile.open(path) as archive:
        files = {name.removeprefix(top) for name in archive.getnames()}
    # hatchling puts the checkout's list of what isn't part of it into every sdist.
    built_with = {"schema.json", "LICENSE", "README.md", "pyproject.toml", "PKG-INFO", ".gitignore"}
    plugin = {name for name in ("PulumiPlugin.yaml", "__main__.py") if (COMPONENTS / name).exists()}
    assert files == library() | built_with | plugin


def test_the_list_of_what_the_wheel_brings_is_what_github_takes(wheel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CHECKOUT)
    document: dict[str, Any] = sbom.listing(wheel)

    problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(sbom.text(document))
    assert problem is None, problem
    # All three, or actions/attest doesn't take it for CycloneDX.
    assert document["bomFormat"] == "CycloneDX"
    assert document["specVersion"] == "1.6"
    assert document["serialNumber"].startswith("urn:uuid:")
    described = document["metadata"]["component"]
    assert (described["name"], described["version"]) == ("pulumi-image-pull-secrets", __version__)

    pinned = pins()
    listed = {canonicalize_name(component["name"]): component["version"] for component in document["components"]}
    requirements = map(Requirement, requires("pulumi-image-pull-secrets") or [])
    asked_for = {canonicalize_name(each.name) for each in requirements if "extra" not in str(each.marker)}
    assert asked_for <= set(listed)
    assert {name: pinned[name] for name in listed} == listed
    for tool in ("pytest", "ruff", "hatchling"):
        assert tool not in listed


def pins() -> dict[str, str]:
    """The version of each package in requirements-dev.txt that this interpreter is given."""
    found: dict[str, str] = {}
    for line in (CHECKOUT / "requirements-dev.txt").read_text().splitlines():
        if line[:1].isalnum():
            requirement = Requirement(line.removesuffix("\\"))
            if requirement.marker is None or requirement.marker.evaluate():
                (pin,) = requirement.specifier
                found[canonicalize_name(requirement.name)] = pin.version
    return found


def uv(*arguments: str | Path) -> None:
    subprocess.run([Path(sys.executable).parent / "uv", *arguments], check=True, capture_output=True)


@pytest.fixture(scope="module")
def elsewhere(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment of the wheel alone, with what it asks for at the pinned versions: somebody else's."""
    folder = tmp_path_factory.mktemp("elsewhere")
    uv("venv", "--quiet", "--python", sys.executable, folder / "venv")
    install_into(folder, str(wheel), "--constraint", CHECKOUT / "requirements-dev.txt")
    return folder


def install_into(folder: Path, *arguments: str | Path) -> None:
    uv("pip", "install", "--quiet", "--system-certs", "--python", folder / "venv" / "bin" / "python", *arguments)


def test_the_wheel_runs_the_lines_of_the_readme_outside_of_the_checkout(
    elsewhere: Path, engine: Engine, cluster: LiveCluster
) -> None:
    namespace = cluster.new_namespace("builder")
    password = secrets.token_urlsafe(16)
    (program,) = re.findall(r"```python\n(.*?)```", (CHECKOUT / "README.md").read_text(), re.DOTALL)
    # The reader's own cluster, registry and namespace; all else is as it stands there.
    program = program.replace("acme-staging", CONTEXT).replace("team-a", namespace)
    (elsewhere / "__main__.py").write_text(program)
    (elsewhere / "run.py").write_text(RUN)

    ran = subprocess.run(
        [elsewhere / "venv" / "bin" / "python", "-I", "run.py", engine.folder],
        cwd=elsewhere,
        env={"HOME": str(elsewhere), **engine.environment, "KUBECONFIG": str(cluster.kubeconfig)},
        input=password,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    from_where, outputs = ran.stdout.splitlines()[-2:]
    assert Path(from_where).is_relative_to(elsewhere / "venv")
    assert json.loads(outputs) == {"attached": {f"{namespace}/{name}": ["regcred"] for name in ("default", "builder")}}
    assert cluster.pull_secrets(namespace, "builder") == ["regcred"]
    assert cluster.docker_config(namespace, "regcred")["auths"]["ghcr.io"]["password"] == password
    assert password not in ran.stdout + ran.stderr


RUN = """
import json, runpy, secrets, sys
from pathlib import Path

import pulumi_image_pull_secrets
from pulumi import automation

engine, password = Path(sys.argv[1]), sys.stdin.read()
for name in ("home", "state", "project"):
    (engine / name).mkdir(parents=True)
(engine / "passphrase").write_text(secrets.token_urlsafe())
stack = automation.create_stack(
    "dev",
    project_name="somebody-elses",
    program=lambda: runpy.run_path("__main__.py", run_name="__main__"),
    opts=automation.LocalWorkspaceOptions(
        work_dir=str(engine / "project"), pulumi_command=automation.PulumiCommand(skip_version_check=True)
    ),
)
stack.set_config("token", automation.ConfigValue(password, secret=True))
stack.up(on_output=print)
print(pulumi_image_pull_secrets.__file__)
print(json.dumps({name: output.value for name, output in stack.outputs().items()}))
"""
"""Pulumi's Automation API, since no Python language host is to be had here."""


def test_beside_an_older_pulumi_the_import_says_what_to_type(wheel: Path, tmp_path: Path) -> None:
    uv("venv", "--quiet", "--python", sys.executable, tmp_path / "venv")
    # As a lock file leaves it, against what the wheel asks for.
    install_into(tmp_path, "--no-deps", str(wheel), "pulumi==3.173.0")

    ran = subprocess.run(
        [tmp_path / "venv" / "bin" / "python", "-I", "-c", f"import {PACKAGE}"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode != 0
    assert ran.stderr.splitlines()[-1].endswith(
        "pulumi-image-pull-secrets needs pulumi 3.237 or newer, and 3.173.0 is installed; "
        "type: pip install --upgrade 'pulumi>=3.237'"
    )
