"""Which cause a pod that doesn't pull is counted under: the first in one table that explains it. Pure."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain

from . import checks, pod_rules
from .findings import Check
from .groups import Alike
from .pull_failures import PullFailure
from .suspicions import Failing, Place, Suspicion
from .view import View


def _secrets(alike: Alike) -> Iterator[Place]:
    return ((alike.namespace, "Secret", name) for name in alike.pull_secrets)


def _account(alike: Alike) -> Iterator[Place]:
    yield (alike.namespace, "ServiceAccount", alike.account)


def _owner(alike: Alike) -> Iterator[Place]:
    yield (alike.namespace, *alike.owner)


def _namespace(alike: Alike) -> Iterator[Place]:
    yield (alike.namespace, "Namespace", alike.namespace)


@dataclass(frozen=True)
class Explanation:
    """One row: a cause, and the failures that it can explain."""

    checks: tuple[Check, ...]
    failures: frozenset[PullFailure]
    at: Callable[[Alike], Iterator[Place]] | None = None
    """Where a rule has found what explains it."""
    make: Callable[[View, Alike, str, PullFailure], Iterable[Suspicion]] | None = None
    """Or else what makes one of these very pods, the image that they lack, and the kind of failure."""


_REFUSED = frozenset({PullFailure.UNAUTHORIZED})
_MAYBE_REFUSED = _REFUSED | {PullFailure.UNSEEN}
_BROKEN = _MAYBE_REFUSED | {PullFailure.CREDENTIALS, PullFailure.UNKNOWN}
_REGISTRYS = tuple(check for check, _ in pod_rules.OF_A_REGISTRY.values())
_IMAGES = tuple(dict.fromkeys(check for check, _ in pod_rules.OF_AN_IMAGE.values()))

EXPLANATIONS = (
    # A restart mends it, whatever else is wrong with the list that the pods have.
    Explanation((checks.POD_PREDATES_ACCOUNT,), _BROKEN, _account),
    # Fails the pull before any registry is asked.
    Explanation((checks.SECRET_UNREADABLE, checks.SECRET_AUTH_UNDECODABLE), _BROKEN, _secrets),
    # The login is meant to come from a Secret, and doesn't.
    Explanation((checks.SECRET_MISSING,), _MAYBE_REFUSED, _secrets),
    Explanation((checks.SECRET_WRONG_TYPE,), _MAYBE_REFUSED, _secrets),
    Explanation((checks.SECRET_EMPTY,), _MAYBE_REFUSED, _secrets),
    Explanation((checks.SECRET_TOKEN_EXPIRED,), _MAYBE_REFUSED, _secrets),
    Explanation((checks.SECRET_AUTH_DISAGREES,), _REFUSED, _secrets),
    Explanation((checks.SECRET_ENTRY_SHADOWED,), _REFUSED, _secrets),
    Explanation((checks.SECRET_KEY_NEVER_MATCHES,), _MAYBE_REFUSED, _secrets),
    # What a registry was asked, with --verify.
    Explanation((checks.SECRET_REFUSED,), _MAYBE_REFUSED, _secrets),
    Explanation((checks.POD_IMAGE_NOT_FOUND,), _MAYBE_REFUSED, _owner),
    # The account has a login, and the pods don't get it.
    Explanation((checks.CONTROLLER_OVERRIDES_ACCOUNT, checks.POD_OWN_LIST), _MAYBE_REFUSED, _owner),
    # The pods have no login; who should give them one is told rather than that they lack it.
    Explanation((checks.COVERAGE_NAMESPACE,), _REFUSED, _namespace),
    Explanation((checks.COVERAGE_ACCOUNT,), _REFUSED, _account),
    Explanation((checks.ACCOUNT_WITHOUT_SECRET,), _REFUSED, _account),
    Explanation((checks.POD_NO_CREDENTIAL,), _REFUSED, make=pod_rules.no_credential),
    # They have one, and nothing is wrong with it but that it is refused.
    Explanation((checks.POD_UNAUTHORIZED,), _REFUSED, make=pod_rules.unauthorized),
    # No matter of logins.
    Explanation(_REGISTRYS, frozenset(pod_rules.OF_A_REGISTRY), make=pod_rules.of_a_registry),
    Explanation(_IMAGES, frozenset(pod_rules.OF_AN_IMAGE), make=pod_rules.of_an_image),
)
"""The order in which causes are tried. A pod is counted under the first that explains why it lacks an image."""


@dataclass
class Explained:
    """Every image that isn't pulled, under its cause."""

    failing: dict[Suspicion, Failing] = field(default_factory=dict)
    causes: dict[tuple[str, tuple[str, ...], str], Suspicion] = field(default_factory=dict)
    """Namespace, list of Secrets and image -> why a registry gives the image to no pod with that list."""


class Causes:
    """What may be why pods don't pull, and which of it is."""

    def __init__(self, view: View, suspicions: Iterable[Suspicion]) -> None:
        self._view = view
        self._index: dict[tuple[str, Place], list[Suspicion]] = {}
        for suspicion in suspicions:
            self._index.setdefault((suspicion.check.code, suspicion.place), []).append(suspicion)

    def of(self, alike: Alike, image: str, kind: PullFailure) -> Suspicion:
        """Why these pods don't get the image, of whose pull this is known."""
        rows = (row for row in EXPLANATIONS if kind in row.failures)
        # The last row for each kind explains whatever is left.
        return next(chain.from_iterable(self._of_row(row, alike, image, kind) for row in rows))

    def _of_row(self, row: Explanation, alike: Alike, image: str, kind: PullFailure) -> Iterator[Suspicion]:
        if row.make:
            yield from row.make(self._view, alike, image, kind)
        for place in row.at(alike) if row.at else ():
            found = (suspicion for check in row.checks for suspicion in self._index.get((check.code, place), ()))
            yield from (suspicion for suspicion in found if suspicion.explains(alike, image))


def explain(view: View, causes: Causes) -> Explained:
    """Counts the pods that don't pull under their causes."""
    explained = Explained()
    for group in view.groups:
        alike = group.alike
        for need in alike.needs:
            if need.failure is None:
                continue
            kind = need.failure.kind
            suspicion = causes.of(alike, need.image, kind)
            explained.failing.setdefault(suspicion, Failing()).add(group, group.said.get(need.image, ""))
            if kind in _BROKEN - {PullFailure.UNKNOWN}:
                explained.causes[alike.namespace, alike.pull_secrets, need.image] = suspicion
    return explained
