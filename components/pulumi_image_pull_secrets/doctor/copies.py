"""One Secret that was copied into many namespaces is one cause, however often it is there. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from ..wording import count, listed
from . import checks
from .suspicions import Failing, Suspicion
from .view import View

_Told = tuple[Suspicion, Failing | None]


def told_once(view: View, suspicions: Iterable[Suspicion], failing: Mapping[Suspicion, Failing]) -> Iterator[_Told]:
    """The suspicions, and the pods that fail because of each; those of a Secret's copies as one.

    Copies have one name and one content. The one told is that by which the most pods fail.
    """
    copies: dict[object, list[Suspicion]] = {}
    for each in suspicions:
        namespace, kind, name = each.place
        secret = view.observation.secrets.get((namespace, name)) if kind == "Secret" else None
        key: object = each
        if secret and secret.content is not None:
            # For which images a registry refused it is another matter in each namespace, and it is told once for each.
            what = "" if each.check is checks.SECRET_REFUSED else each.what
            key = (each.check, name, secret.content, what)
        copies.setdefault(key, []).append(each)
    for group in copies.values():
        first, *others = sorted(group, key=lambda each: (-_pods(each, failing), each.place))
        pods = [failing[each] for each in group if each in failing]
        everywhere = replace(first, hit=list({hit.alike: hit for each in group for hit in each.hit}.values()))
        if others:
            namespaces = {each.place[0] for each in others}
            where = f"{count(len(namespaces), 'more namespace')}: {listed(namespaces)}"
            everywhere = replace(everywhere, what=f"{first.what}; the same Secret is in {where}")
        yield everywhere, _together(pods) if pods else None


def _pods(suspicion: Suspicion, failing: Mapping[Suspicion, Failing]) -> int:
    return sum(group.count for group in failing[suspicion].groups.values()) if suspicion in failing else 0


def _together(all_failing: Iterable[Failing]) -> Failing:
    together = Failing()
    for each in all_failing:
        together.groups |= each.groups
        together.said |= each.said
    return together
