"""requirements.txt: what the program needs, from wherever pip is run."""

from collections.abc import Iterable
from importlib.metadata import requires

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from sandbox.engine import CHECKOUT


def test_is_what_the_library_depends_on() -> None:
    lines = (CHECKOUT / "requirements.txt").read_text().splitlines()
    assert parsed(line for line in lines if not line.startswith("#")) == parsed(
        requires("pulumi-image-pull-secrets") or []
    )


def parsed(lines: Iterable[str]) -> set[tuple[str, str]]:
    """Name and versions of each, but for those of an extra; a path is an error."""
    found = [Requirement(line) for line in lines]
    return {
        (canonicalize_name(requirement.name), str(requirement.specifier))
        for requirement in found
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""})
    }
