"""What is imported when: the library without the extra, and the command line only by its own script."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

import pulumi_image_pull_secrets
import pytest
from packaging.requirements import Requirement

LIBRARY = Path(pulumi_image_pull_secrets.__file__).parent
BLOCKED = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"typer", "rich", "httpx"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocked())
"""


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", BLOCKED + code, *arguments], capture_output=True, text=True)


def imports(path: Path) -> Iterator[str]:
    """What a module imports, by its whole name."""
    package = [LIBRARY.name, *path.relative_to(LIBRARY).parent.parts]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = [*package[: len(package) + 1 - node.level]] if node.level else []
            base += (node.module or "").split(".") if node.module else []
            yield ".".join(base)
            yield from (".".join([*base, alias.name]) for alias in node.names)


def test_nothing_else_in_the_library_imports_the_doctor_or_the_command_line() -> None:
    own = ("doctor", "command_line", "restart")
    modules = [path for path in LIBRARY.rglob("*.py") if path.relative_to(LIBRARY).parts[0] not in own]
    assert len(modules) > 15
    found = {
        (path.name, name)
        for path in modules
        for name in imports(path)
        for package in ("doctor", "command_line")
        if f"{name}.".startswith(f"{LIBRARY.name}.{package}.")
    }
    assert not found
    # As a check of the check.
    assert f"{LIBRARY.name}.doctor.diagnosis.diagnose" in set(imports(LIBRARY / "command_line" / "doctor.py"))


def test_the_doctor_does_not_import_the_command_line() -> None:
    names = {name for path in (LIBRARY / "doctor").glob("*.py") for name in imports(path)}
    assert not [name for name in names if name.startswith(f"{LIBRARY.name}.command_line")]


def test_the_library_imports_without_the_extra() -> None:
    modules = [
        ".".join(path.relative_to(LIBRARY.parent).with_suffix("").parts)
        for path in [*LIBRARY.glob("*.py"), *(LIBRARY / "doctor").glob("*.py")]
        if path.stem not in ("__init__", "report_table")
    ]
    ran = run(f"import importlib\nfor name in {modules!r}: importlib.import_module(name)\nprint('imported')")
    assert ran.stdout == "imported\n", ran.stderr


@pytest.mark.parametrize("arguments", [[], ["--help"], ["doctor"], ["explain", "web"]])
def test_without_the_extra_one_line_says_what_to_install(arguments: list[str]) -> None:
    ran = run("from pulumi_image_pull_secrets.command_line import main\nmain()", *arguments)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == "error: typer isn't installed; try: pip install 'pulumi-image-pull-secrets[doctor]'\n"


def test_a_module_that_is_missing_for_another_reason_is_not_taken_for_the_extra() -> None:
    ran = run(
        "from pulumi_image_pull_secrets import command_line\n"
        "command_line.make_app = lambda: __import__('nothing_of_that_name')\n"
        "command_line.main()"
    )
    assert ran.returncode == 1
    assert "No module named 'nothing_of_that_name'" in ran.stderr


def test_the_console_script_is_the_command_line() -> None:
    found = distribution("pulumi-image-pull-secrets")
    scripts = {entry.name: entry.value for entry in found.entry_points if entry.group == "console_scripts"}
    assert scripts["pull-secrets"] == "pulumi_image_pull_secrets.command_line:main"
    wanted = [Requirement(text) for text in found.requires or ()]
    extra = {each.name for each in wanted if each.marker and each.marker.evaluate({"extra": "doctor"})}
    assert extra == {"typer", "rich", "httpx"}
