"""What is published: the files of the sdist and of the wheel, and the list of what the wheel brings along."""

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
from sandbox.engine import CHECKOUT

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
    built_with = {"LICENSE", "README.md", "pyproject.toml", "PKG-INFO", ".gitignore"}
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
