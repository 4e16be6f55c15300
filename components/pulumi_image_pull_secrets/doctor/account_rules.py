"""What is wrong with ServiceAccounts. Pure."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from ..attachment import ANNOTATION_PREFIX, OWNER_ANNOTATION, parse_annotation
from ..wording import listed, names
from . import checks
from .findings import Check
from .groups import Alike, Group, Listing, cleaned
from .observation import AccountSeen, ObjectName
from .pull_failures import PullFailure
from .suspicions import Suspicion
from .view import View


def suspicions(view: View) -> Iterator[Suspicion]:
    """Everything that is wrong with an account's list, but for Secrets in it that are missing."""
    for name, account in sorted(view.observation.accounts.items()):
        groups = view.groups_of_account.get(name, [])
        if cleaned(account.pull_secrets):
            yield from _of_entries(view, account, groups)
        else:
            yield from _without_entries(view, account, groups)


def dangling(view: View, told: Collection[ObjectName]) -> Iterator[Suspicion]:
    """Accounts that name Secrets that are missing, but for those of which it is told already."""
    for (namespace, _), account in sorted(view.observation.accounts.items()):
        secrets = [name for name in cleaned(account.pull_secrets) if (namespace, name) in view.missing]
        if secrets := [name for name in secrets if (namespace, name) not in told]:
            groups = view.groups_of_account.get((namespace, account.name), [])
            hit = [group for group in groups if not set(secrets).isdisjoint(group.alike.pull_secrets)]
            what = f"{names('Secret', secrets)} in its list, and not there"
            yield _suspicion(account, checks.ACCOUNT_DANGLING_ENTRY, what, secrets, hit)


def is_overridden(view: View, account: ObjectName) -> bool:
    """Whether its entries reach none of its pods, since each brings a list of its own."""
    groups = view.groups_of_account.get(account, [])
    return bool(groups) and all(group.alike.listing is Listing.OWN for group in groups)


def _of_entries(view: View, account: AccountSeen, groups: list[Group]) -> Iterator[Suspicion]:
    counts = Counter(name for name in account.pull_secrets if name)
    if twice := [name for name, number in counts.items() if number > 1]:
        yield _suspicion(account, checks.ACCOUNT_DUPLICATE_ENTRY, f"{names('Secret', twice)} twice in its list", twice)
    if retired := [name for name in counts if _is_retired(view, account, name)]:
        what = f"{names('Secret', retired)} in its list, and no annotation of an owner names it any more"
        hit = [group for group in groups if not set(retired).isdisjoint(group.alike.pull_secrets)]
        yield _suspicion(account, checks.ACCOUNT_RETIRED_ENTRY, what, retired, hit)
    if is_overridden(view, (account.namespace, account.name)):
        owners = listed(" ".join(group.alike.owner) for group in groups)
        what = f"{names('Secret', counts)} in its list, and every pod of it has a list of its own: {owners}"
        yield _suspicion(account, checks.ACCOUNT_ALWAYS_OVERRIDDEN, what, (), groups)


def _is_retired(view: View, account: AccountSeen, secret: str) -> bool:
    """Whether it is a Secret of ours that no owner attaches to this account."""
    seen = view.observation.secrets.get((account.namespace, secret))
    if seen is None or OWNER_ANNOTATION not in seen.annotations:
        return False
    owners = (value for key, value in account.annotations.items() if key.startswith(ANNOTATION_PREFIX))
    return not any(secret in parse_annotation(value) for value in owners)


def _without_entries(view: View, account: AccountSeen, groups: list[Group]) -> Iterator[Suspicion]:
    """The account's pods without a list, for images that a registry refuses or a Secret there has a login for."""
    there = view.readable_in.get(account.namespace, ())
    refused: set[str] = set()
    served: dict[str, set[str]] = {}
    hit = []
    for group in groups:
        if group.alike.listing is not Listing.NONE:
            continue
        images = {need.image for need in group.alike.needs}
        refused |= _refused(group.alike)
        logins = {image: {login.secret for login in view.logins(account.namespace, there, image)} for image in images}
        served |= {image: secrets for image, secrets in logins.items() if secrets}
        if refused & images or served.keys() & images:
            hit.append(group)
    if not hit:
        return
    shown = refused or served.keys()
    secrets = {secret for image in shown for secret in served.get(image, ())}
    what = f"no pull secret, and its pods pull {listed(shown)}"
    if secrets:
        what += f", for which {names('Secret', secrets)} {'has' if len(secrets) == 1 else 'have'} a login"

    def explains(alike: Alike, _image: str) -> bool:
        return alike.listing is Listing.NONE

    place = (account.namespace, "ServiceAccount", account.name)
    fix = {"secret": min(secrets, default="SECRET")}
    yield Suspicion(checks.ACCOUNT_WITHOUT_SECRET, place, what, fix, explains, hit)


def _refused(alike: Alike) -> set[str]:
    return {need.image for need in alike.needs if need.failure and need.failure.kind is PullFailure.UNAUTHORIZED}


def _suspicion(
    account: AccountSeen, check: Check, what: str, secrets: Collection[str], hit: Sequence[Group] = ()
) -> Suspicion:
    place = (account.namespace, "ServiceAccount", account.name)
    return Suspicion(check, place, what, {"secret": ", ".join(secrets)}, hit=hit)
