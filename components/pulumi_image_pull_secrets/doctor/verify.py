"""What to ask registries of the pods in a cluster, and what becomes of their pulls by the answers. Pure.

The kubelet tries the logins that it has found for an image one after the other, until one pulls; without a login it
pulls only where it has found none.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from .. import image_reference
from ..registry import Answer, Question, Result
from .content import Login
from .groups import Alike
from .image_scope import WantedImage
from .view import View

AskAll = Callable[[Iterable[Question]], Mapping[Question, Answer]]
"""Asks registries, such as ``registry.ask_all``."""
PullKey = tuple[str, tuple[str, ...], str]
"""Namespace, list of Secrets and image."""

# Whichever login comes to the first of these decides: one that pulls, then one that was taken. Where one couldn't be
# asked about, it isn't known whether all are refused.
_DECIDES = (Result.PULLS, Result.NOT_FOUND, Result.UNREACHABLE, Result.DENIED)


@dataclass(frozen=True)
class Pull:
    """One image, as pods of a namespace with the same list of Secrets pull it."""

    namespace: str
    pull_secrets: tuple[str, ...]
    image: str
    pods: int
    logins: tuple[Login, ...] = ()
    """In the order in which the kubelet tries them."""
    problem: str = ""
    """Why no registry is asked; empty where one is."""

    @property
    def key(self) -> PullKey:
        """What tells it from others."""
        return self.namespace, self.pull_secrets, self.image

    @property
    def questions(self) -> tuple[Question, ...]:
        """One for each login or, where there is none, one without; none where no registry is asked."""
        if self.problem:
            return ()
        return tuple(Question(self.image, login.credential) for login in self.logins) or (Question(self.image),)


@dataclass(frozen=True)
class Verdict:
    """What becomes of a pull, by what registries answered."""

    pull: Pull
    answers: tuple[Answer, ...] = ()
    """To its questions, in their order."""

    @property
    def deciding(self) -> Answer | None:
        """The answer that decides; None where no registry was asked."""
        return min(self.answers, key=lambda answer: _DECIDES.index(answer.result), default=None)

    @property
    def result(self) -> Result | None:
        """What becomes of it; None where no registry was asked."""
        return self.deciding.result if self.deciding else None

    @property
    def reason(self) -> str:
        """Why, on one line."""
        return self.deciding.reason if self.deciding else self.pull.problem

    @property
    def refused(self) -> Iterator[tuple[Login, Answer]]:
        """The logins that are refused; none where there is none."""
        answers = zip(self.pull.logins, self.answers, strict=False)
        return ((login, answer) for login, answer in answers if answer.result is Result.DENIED)


def verdicts(view: View, ask_all: AskAll, wanted: WantedImage | None = None) -> tuple[Verdict, ...]:
    """What becomes of every image that pods need, or of ``wanted`` alone; all is asked for at once."""
    pulls = list(pulls_of(view, wanted))
    answers = ask_all([question for pull in pulls for question in pull.questions])
    return tuple(Verdict(pull, tuple(answers[question] for question in pull.questions)) for pull in pulls)


def pulls_of(view: View, wanted: WantedImage | None = None) -> Iterator[Pull]:
    """Each image that pods need, or ``wanted`` alone, with each list of Secrets that such pods have.

    Without those that are never pulled, since the policy of all their containers is ``Never``.
    """
    pods: Counter[PullKey] = Counter()
    for group in view.groups:
        for image in {need.image for need in group.alike.needs}:
            pods[key_of(group.alike, image)] += group.count
    pulled = {
        (pod.namespace, container.image)
        for pod in view.observation.pods
        for container in pod.containers
        if container.pull_policy != "Never"
    }
    for (namespace, listed, image), number in sorted(pods.items()):
        if (namespace, image) in pulled and (wanted is None or wanted.matches(image)):
            problem = _problem(view, namespace, listed, image)
            logins = () if problem else view.logins(namespace, listed, image)
            yield Pull(namespace, listed, image, number, logins, problem)


def key_of(alike: Alike, image: str) -> PullKey:
    """The key of the pull of an image by pods."""
    return alike.namespace, alike.pull_secrets, image


def _problem(view: View, namespace: str, listed: tuple[str, ...], image: str) -> str:
    if image_reference.parse(image) is None:
        return "it is no image's name"
    if listed and not view.knows_secrets(namespace):
        return f"the Secrets in {namespace} couldn't be read"
    contents = ((name, view.contents.get((namespace, name))) for name in listed)
    broken = [name for name, content in contents if content and content.fails]
    return f"Secret {namespace}/{broken[0]} can't be read, which fails every pull" if broken else ""
