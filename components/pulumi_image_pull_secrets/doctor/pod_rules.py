"""What is wrong with pods. Pure."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping

from ..wording import key_text, line, names, user_text
from . import checks
from .account_rules import is_overridden
from .content import owner_of, registry_of, server
from .findings import Check
from .groups import Alike, Group, Listing, cleaned
from .observation import ObjectName
from .pull_failures import PullFailure
from .suspicions import Place, Suspicion
from .view import View

OF_A_REGISTRY: Mapping[PullFailure, tuple[Check, str]] = {
    PullFailure.RATE_LIMITED: (checks.POD_RATE_LIMITED, "no more pulls from {registry} for now"),
    PullFailure.DNS: (checks.POD_DNS, "a node can't resolve {registry}"),
    PullFailure.TLS: (checks.POD_TLS, "a node doesn't accept the TLS of {registry}"),
    PullFailure.TIMEOUT: (checks.POD_TIMEOUT, "{registry} doesn't answer a node in time"),
    PullFailure.UNREACHABLE: (checks.POD_UNREACHABLE, "a node can't reach {registry}, or gets an error from it"),
}
"""What is one cause for all pods that pull from a registry."""
OF_AN_IMAGE: Mapping[PullFailure, tuple[Check, str]] = {
    PullFailure.NOT_FOUND: (checks.POD_IMAGE_NOT_FOUND, "image {image} is not in the registry"),
    PullFailure.WRONG_ARCHITECTURE: (checks.POD_WRONG_ARCHITECTURE, "image {image} isn't made for the node"),
    PullFailure.DISK_FULL: (checks.POD_DISK_FULL, "the node has no room for image {image}"),
    PullFailure.INVALID_NAME: (checks.POD_INVALID_IMAGE_NAME, "{image} is no name that can be pulled"),
    PullFailure.NEVER_PULLED: (checks.POD_NEVER_PULLED, "image {image} isn't on the node, and its policy is Never"),
    PullFailure.CREDENTIALS: (checks.POD_PULL_FAILS, "the kubelet can't read a Secret in the list"),
    PullFailure.UNKNOWN: (checks.POD_PULL_FAILS, "image {image} isn't pulled"),
    PullFailure.UNSEEN: (checks.POD_PULL_FAILS, "image {image} isn't pulled, and no message says why"),
}
"""What is a cause for those pods alone."""


def suspicions(view: View) -> Iterator[Suspicion]:
    """Pods that have another list than their account has now."""
    yield from _own_lists(view)
    yield from _earlier_lists(view)


def no_credential(view: View, alike: Alike, image: str, _kind: PullFailure) -> Iterator[Suspicion]:
    """Pods in whose list no Secret has a login for the image."""
    is_known = not alike.pull_secrets or view.knows_secrets(alike.namespace)
    if is_known and not view.logins(alike.namespace, alike.pull_secrets, image):
        is_accounts = alike.listing in (Listing.ACCOUNT, Listing.EARLIER)
        owner = ("ServiceAccount", alike.account) if is_accounts else alike.owner
        where = f"none in {names('Secret', alike.pull_secrets)}" if alike.pull_secrets else "the list is empty"
        what = f"no login for {owner_of(image)}: {where}"
        fix = {"registry": server(registry_of(image))}
        yield Suspicion(checks.POD_NO_CREDENTIAL, (alike.namespace, *owner), what, fix, is_owners=True)


def unauthorized(view: View, alike: Alike, image: str, _kind: PullFailure) -> Iterator[Suspicion]:
    """Pods whose login the registry refuses, or of which it isn't known whether they have one."""
    registry = registry_of(image)
    logins = view.logins(alike.namespace, alike.pull_secrets, image)
    if logins:
        first = logins[0]
        secrets = {login.secret for login in logins}
        what = f"{registry} refuses user {user_text(first.credential.username)} of key {key_text(first.key)}"
        what += f" in {names('Secret', secrets)}"
        place = (alike.namespace, "Secret", first.secret)
        fix = {"secret": first.secret}
        yield Suspicion(checks.POD_UNAUTHORIZED, place, what, fix, is_owners=True)
    else:
        what = f"{registry} refuses image {line(image)}; what is in {names('Secret', alike.pull_secrets)} wasn't read"
        place = (alike.namespace, *alike.owner)
        yield Suspicion(checks.POD_UNAUTHORIZED, place, what, {"secret": ", ".join(alike.pull_secrets)})


def of_a_registry(_view: View, _alike: Alike, image: str, kind: PullFailure) -> Iterator[Suspicion]:
    """What is one cause for all that is pulled from a registry, in whatever namespace."""
    check, what = OF_A_REGISTRY[kind]
    registry = registry_of(image)
    place = ("", "Registry", registry)
    yield Suspicion(check, place, what.format(registry=registry), {"registry": registry}, is_owners=True)


def of_an_image(_view: View, alike: Alike, image: str, kind: PullFailure) -> Iterator[Suspicion]:
    """What is a cause for the pods of one owner alone."""
    check, what = OF_AN_IMAGE[kind]
    yield Suspicion(check, (alike.namespace, *alike.owner), what.format(image=line(image)), {"image": image})


def dangling(view: View, told: Collection[ObjectName]) -> Iterator[Suspicion]:
    """Lists of pods and templates that name missing Secrets, but for those of which it is told already."""
    lists: dict[Place, set[str]] = defaultdict(set)
    for place, groups in view.groups_of_owner.items():
        for group in groups:
            # What the account names too is told of the account; what a restart mends, as such.
            alike = group.alike
            if not (alike.listing is Listing.EARLIER and _would_mend(view, group)):
                lists[place].update(set(alike.pull_secrets) - set(view.account_list(alike)))
    for place, template in view.workloads.items():
        lists[place].update(cleaned(template.pull_secrets))
    for place, named in sorted(lists.items()):
        missing = {(place[0], name) for name in named} & view.missing
        if secrets := sorted(name for _, name in missing.difference(told)):
            groups = view.groups_of_owner.get(place, [])
            hit = [group for group in groups if not set(secrets).isdisjoint(group.alike.pull_secrets)]
            what = f"{names('Secret', secrets)} in its list, and not there"
            yield Suspicion(checks.POD_DANGLING_ENTRY, place, what, {"secret": ", ".join(secrets)}, hit=hit)


def _own_lists(view: View) -> Iterator[Suspicion]:
    for place, groups in sorted(view.groups_of_owner.items()):
        if place in view.workloads:
            continue  # That is told of the template.
        hit = [
            group
            for group in groups
            if group.alike.listing is Listing.OWN
            and not set(view.account_list(group.alike)) <= set(group.alike.pull_secrets)
        ]
        if hit:
            first = hit[0].alike
            hidden = names("Secret", view.account_list(first))
            what = f"it names {names('Secret', first.pull_secrets)}, which hides its account's {hidden}"
            is_told = not is_overridden(view, (first.namespace, first.account))
            yield Suspicion(
                checks.POD_OWN_LIST,
                place,
                what,
                explains=view.only_account_works,
                hit=hit,
                quiet="" if is_told else None,
            )


def _earlier_lists(view: View) -> Iterator[Suspicion]:
    for place, groups in sorted(view.groups_of_account.items()):
        by_mending: dict[_Mending, list[Group]] = defaultdict(list)
        for group in groups:
            if group.alike.listing is Listing.EARLIER and _would_mend(view, group):
                by_mending[_mending(view, group.alike)].append(group)
        for mending, hit in by_mending.items():
            yield _earlier(view, place, mending, hit)


def _earlier(view: View, of_account: ObjectName, mending: "_Mending", hit: list[Group]) -> Suspicion:
    """Pods of one account with an earlier list, which are recreated in one way."""
    namespace, account = of_account
    and_so, command = mending

    def explains(alike: Alike, image: str) -> bool:
        is_lasting = image in {need.image for need in alike.lasting_needs}
        is_meant = alike.listing is Listing.EARLIER and is_lasting and view.only_account_works(alike, image)
        return is_meant and _mending(view, alike) == mending

    return Suspicion(
        checks.POD_PREDATES_ACCOUNT,
        (namespace, "ServiceAccount", account),
        f"created before ServiceAccount {account} got {names('Secret', view.account_list(hit[0].alike))}{and_so}",
        {"pod": hit[0].first},
        explains=explains,
        hit=hit,
        is_owners=True,
        command=command,
    )


_Mending = tuple[str, str]
"""What is added to the message, and the template of the fix in place of the check's; both empty for a restart."""


def _mending(view: View, alike: Alike) -> _Mending:
    """How pods with an earlier list are recreated, by what a restart does with them."""
    if view.may_be_own_list(alike):
        return ", unless the list is the manifest's", checks.RECREATE_MAYBE_OWN
    if alike.owner[0] != "Pod":
        return "", ""
    if any(need.failure for need in alike.lasting_needs):
        return ", and no controller makes a new one", checks.RECREATE_BARE
    return ", still runs, and no controller makes a new one", checks.RECREATE_BARE_LATER


def _would_mend(view: View, group: Group) -> bool:
    """Whether the pods, created anew, would get a working login that they lack."""
    return any(view.only_account_works(group.alike, need.image) for need in group.alike.lasting_needs)
