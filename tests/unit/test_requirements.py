"""requirements.txt: what the program needs, from wherever pip is run."""

from collections.abc import Iterable
from importlib.metadata import requires

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from sandbox.engine import CHECKOUT


def test_is_what_the_library_depends_on_with_what_the_program_uses_of_its_extras() -> None:
    lines = (CHECKOUT / "requirements.txt").read_text().splitlines()
    # The program asks registries where a stack has verifyRegistries.
    assert parsed(line for line in lines if not line.startswith("#")) == needed_with("verify")


def test_an_extra_brings_what_it_is_for() -> None:
    assert {name for name, _ in needed_with("verify") - needed_with("")} == {"httpx"}
    assert "httpx" in {name for name, _ in needed_with("doctor")}
    assert "httpx" not in {name for name, _ in needed_with("")}


def needed_with(extra: str) -> set[tuple[str, str]]:
    """What pip installs for ``pulumi-image-pull-secrets[extra]``, on any system."""
    lines = requires("pulumi-image-pull-secrets") or []
    return parsed(line for line in lines if applies(Requirement(line), extra))


def applies(requirement: Requirement, extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def parsed(lines: Iterable[str]) -> set[tuple[str, str]]:
    """Name and versions of each; a path is an error."""
    found = map(Requirement, lines)
    return {(canonicalize_name(requirement.name), str(requirement.specifier)) for requirement in found}
