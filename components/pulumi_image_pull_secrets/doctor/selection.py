"""Which checks a run was asked for. Pure."""

from collections.abc import Iterable

from ..errors import ImagePullSecretsError
from ..names import nearest, shown
from .checks import BY_CODE, CHECKS, OF_REGISTRIES
from .findings import Check

_NEEDS_STACK = "coverage"


class CheckCodeError(ImagePullSecretsError):
    """A code that no check has, or that can't be run as asked."""


def checks_of(codes: Iterable[str], *, has_stack: bool, verifies: bool = False) -> tuple[Check, ...]:
    """The checks of these codes, in the order of the documentation; of no code at all, every one that can be run.

    Those of the category coverage need a stack file, and some that registries are asked. Raises CheckCodeError, which
    names the nearest code.
    """
    wanted = list(dict.fromkeys(codes))
    for code in wanted:
        if code not in BY_CODE:
            meant = nearest(code, BY_CODE)
            hint = f"did you mean {meant}?" if meant else "docs/checks.md lists them all"
            raise CheckCodeError(f"there is no check {shown(code)}; {hint}")
        if BY_CODE[code].category == _NEEDS_STACK and not has_stack:
            raise CheckCodeError(f"{code} compares the cluster with a stack file; add --stack Pulumi.STACK.yaml")
        if BY_CODE[code] in OF_REGISTRIES and not verifies:
            raise CheckCodeError(f"{code} is what a registry says; add --verify")
    if wanted:
        return tuple(check for check in CHECKS if check.code in wanted)
    runs = (check for check in CHECKS if has_stack or check.category != _NEEDS_STACK)
    return tuple(check for check in runs if verifies or check not in OF_REGISTRIES)
