"""What is wrong by what registries answered. Pure.

What pods that fail show already isn't told a second time: where a registry refuses their login, they count under
that Secret, and no longer as ``pod-unauthorized``.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from ..registry import Result
from ..registry.addresses import origins
from ..wording import key_text, line, listed, user_text
from . import checks, pod_rules, secret_rules
from .content import Login, registry_of, server
from .explanation import Causes, Explained
from .groups import Alike, Group
from .observation import ObjectName
from .pull_failures import PullFailure
from .suspicions import Explains, Place, Suspicion
from .verify import PullKey, Verdict, key_of
from .view import View

_MAYBE_NOT_FOUND = {PullFailure.NOT_FOUND, PullFailure.UNAUTHORIZED, PullFailure.UNSEEN}


def suspicions(view: View, verdicts: Iterable[Verdict]) -> Iterator[Suspicion]:
    """Logins that are refused, and images that aren't there: what may be why pods fail."""
    by_key = {verdict.pull.key: verdict for verdict in verdicts}
    yield from _refused(view, by_key)
    check, what = pod_rules.OF_AN_IMAGE[PullFailure.NOT_FOUND]
    for group, image, verdict in _asked(view, by_key, Result.NOT_FOUND):
        failures = {need.failure.kind for need in group.alike.needs if need.image == image and need.failure}
        if failures and failures.isdisjoint(_MAYBE_NOT_FOUND):
            continue  # They lack it for another reason, which is told.
        place = (group.alike.namespace, *group.alike.owner)
        yield Suspicion(
            check,
            place,
            what.format(image=line(image)),
            {"image": image},
            explains=_of_pulls({verdict.pull.key}),
            hit=[each for each in view.groups_of_owner[place] if _has(each, verdict.pull.key)],
            quiet=f"no pod fails because of it now: {verdict.reason}",
        )


def unseen(view: View, verdicts: Iterable[Verdict], causes: Causes, explained: Explained) -> Iterator[Suspicion]:
    """What no pod has shown yet: that a login is wanted where there is none, and registries that aren't reached."""
    by_key = {verdict.pull.key: verdict for verdict in verdicts}
    hit: dict[Suspicion, list[Group]] = {}
    for group, image, verdict in _asked(view, by_key, Result.DENIED):
        if verdict.pull.logins or any(need.failure for need in group.alike.needs if need.image == image):
            continue
        # Where something else is why they have no login, that is told.
        cause = causes.of(group.alike, image, PullFailure.UNAUTHORIZED)
        if cause.check is checks.POD_NO_CREDENTIAL:
            quiet = f"no pod fails because of it now: {verdict.reason}"
            hit.setdefault(replace(cause, quiet=quiet), []).append(group)
    told = {each.place for each in explained.failing}
    unreached: dict[Place, tuple[str, list[Group]]] = {}
    for group, image, verdict in _asked(view, by_key, Result.UNREACHABLE):
        place = ("", "Registry", registry_of(image))
        if place not in told:
            unreached.setdefault(place, (verdict.reason, []))[1].append(group)
    yield from (replace(each, hit=groups) for each, groups in hit.items())
    for place, (reason, groups) in unreached.items():
        once = list({group.alike: group for group in groups}.values())
        what = f"this machine has no answer from it, and a node may have one: {reason}"
        yield Suspicion(checks.POD_NOT_VERIFIED, place, what, {"address": origins(place[2])[0]}, hit=once)


@dataclass
class _Refused:
    """What is refused of one Secret."""

    reasons: dict[Login, str] = field(default_factory=dict)
    images: set[str] = field(default_factory=set)
    denied: set[PullKey] = field(default_factory=set)
    """The pulls that fail, since nothing else in the list does."""
    others: set[PullKey] = field(default_factory=set)
    """Those for which another login of the list does, or may."""


def _refused(view: View, verdicts: Mapping[PullKey, Verdict]) -> Iterator[Suspicion]:
    secrets: dict[ObjectName, _Refused] = {}
    for verdict in verdicts.values():
        for login, answer in verdict.refused:
            if _is_told(view, verdict.pull.namespace, login):
                continue
            refused = secrets.setdefault((verdict.pull.namespace, login.secret), _Refused())
            refused.reasons.setdefault(login, answer.reason)
            refused.images.add(verdict.pull.image)
            (refused.denied if verdict.result is Result.DENIED else refused.others).add(verdict.pull.key)
    for (namespace, name), refused in secrets.items():
        keys = refused.denied or refused.others
        # As the registry words it; with the same words for several entries once.
        said = listed(refused.reasons.values())
        logins = listed(
            f"user {user_text(login.credential.username)} of key {key_text(login.key)}" for login in refused.reasons
        )
        registries = sorted(map(registry_of, refused.images))
        command, owner = secret_rules.replacing(view, (namespace, name))
        yield Suspicion(
            checks.SECRET_REFUSED,
            (namespace, "Secret", name),
            f"{said}: {logins}, asked for {listed(refused.images)}",
            {"registry": server(registries[0]), "owner": owner},
            explains=_of_pulls(refused.denied),
            hit=[group for group in view.groups_naming.get((namespace, name), ()) if _has(group, *keys)],
            is_milder=not refused.denied,
            command=command,
        )


def _is_told(view: View, namespace: str, login: Login) -> bool:
    """Whether the Secret's own finding says why it can't work."""
    content = view.contents[namespace, login.secret]
    is_over = login.expiry is not None and login.expiry.is_over(view.observation.now)
    return is_over or login.is_blank or login in content.disagreeing or login in content.shadowed


def _asked(view: View, verdicts: Mapping[PullKey, Verdict], result: Result) -> Iterator[tuple[Group, str, Verdict]]:
    """The pods, and their images, of which the registry's answer is this."""
    for group in view.groups:
        for image in dict.fromkeys(need.image for need in group.alike.needs):
            verdict = verdicts.get(key_of(group.alike, image))
            if verdict and verdict.result is result:
                yield group, image, verdict


def _of_pulls(keys: set[PullKey]) -> Explains:
    def explains(alike: Alike, image: str) -> bool:
        return key_of(alike, image) in keys

    return explains


def _has(group: Group, *keys: PullKey) -> bool:
    return any(key_of(group.alike, need.image) in keys for need in group.alike.needs)
