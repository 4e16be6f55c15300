"""What a stack doesn't list, though pods there need it. Pure."""

from collections import defaultdict
from collections.abc import Iterator

from .. import patterns
from ..wording import listed, names
from . import checks
from .groups import Alike, Group, Need
from .observation import StackCoverage
from .pull_failures import PullFailure
from .suspicions import Suspicion
from .view import View


def suspicions(view: View) -> Iterator[Suspicion]:
    """Namespaces, and accounts in listed namespaces, that the stack doesn't cover; none where no stack is given."""
    stack = view.coverage
    if stack is None:
        return
    lacking: dict[tuple[str, str], dict[str, list[Group]]] = defaultdict(lambda: defaultdict(list))
    for group in view.groups:
        alike = group.alike
        if not alike.account:
            continue  # A static pod's mirror, which no stack can cover.
        covered = stack.accounts_in(alike.namespace)
        if covered is None or not any(patterns.matches(listed, alike.account) for listed in covered):
            for image in {need.image for need in alike.needs if _lacks(view, stack, alike, need)}:
                lacking[alike.namespace, "" if covered is None else alike.account][image].append(group)
    for (namespace, account), groups_by_image in sorted(lacking.items()):
        yield _suspicion(stack, namespace, account, groups_by_image)


def _lacks(view: View, stack: StackCoverage, alike: Alike, need: Need) -> bool:
    """Whether pods have no login for an image, and the stack's Secret has one, or may have."""
    is_known = not alike.pull_secrets or view.knows_secrets(alike.namespace)
    if not is_known or view.logins(alike.namespace, alike.pull_secrets, need.image):
        return False
    is_refused = need.failure is not None and need.failure.kind is PullFailure.UNAUTHORIZED
    return bool(view.stack_keyring.lookup(need.image)) if stack.keys else is_refused


def _suspicion(
    stack: StackCoverage, namespace: str, account: str, groups_by_image: dict[str, list[Group]]
) -> Suspicion:
    groups = list({group.alike: group for groups in groups_by_image.values() for group in groups}.values())
    images = frozenset(groups_by_image)

    def explains(alike: Alike, image: str) -> bool:
        return image in images and (alike.account == account if account else bool(alike.account))

    fix = {"file": stack.file}
    if account:
        place = (namespace, "ServiceAccount", account)
        what = f"{stack.file} lists the namespace and not it, and its pods pull {listed(images)}"
        return Suspicion(checks.COVERAGE_ACCOUNT, place, what, fix, explains, groups)
    accounts = sorted({group.alike.account for group in groups})
    what = f"{stack.file} doesn't list it, and pods of {names('ServiceAccount', accounts)} pull {listed(images)}"
    fix["accounts"] = ", ".join(accounts)
    return Suspicion(checks.COVERAGE_NAMESPACE, (namespace, "Namespace", namespace), what, fix, explains, groups)
