"""The oldest packages that this library works with, checked when it is imported.

pip keeps to components/pyproject.toml, and is overruled by a lock file, ``--no-deps`` or an import from a folder. An
older package then fails where nobody looks for the cause.
"""

import re
from collections.abc import Callable
from importlib.metadata import version

from .errors import OutdatedPackageError

OLDEST = {
    # Infers the schema of arguments that may be left out.
    "pulumi": "3.237",
    # The first whose provider has enable_patch_force.
    "pulumi-kubernetes": "4.29",
}
"""As in components/pyproject.toml."""


def check_installed(installed: Callable[[str], str] = version) -> None:
    """Raises OutdatedPackageError for a package that is too old; one that isn't there fails where it is imported."""
    for package, oldest in OLDEST.items():
        try:
            found = installed(package)
        except ImportError:
            continue
        if _numbers(found) < _numbers(oldest):
            raise OutdatedPackageError(package, found, oldest)


def _numbers(text: str) -> tuple[int, ...]:
    """Major and minor version."""
    return tuple(int(number) for number in re.findall(r"\d+", text)[:2])
