"""Registries that answer as a test says."""

from collections.abc import Callable, Iterable, Mapping

from pulumi_image_pull_secrets.doctor.diagnosis import diagnose
from pulumi_image_pull_secrets.doctor.findings import Finding
from pulumi_image_pull_secrets.doctor.observation import Observation
from pulumi_image_pull_secrets.doctor.verify import Verdict, verdicts
from pulumi_image_pull_secrets.doctor.view import View
from pulumi_image_pull_secrets.registry import Answer, Question, Result

from tests.unit.doctor.observed import account, config, container, observe, pod, secret

REASONS = {
    Result.PULLS: "ghcr.io takes the login",
    Result.DENIED: "ghcr.io refuses the login (401)",
    Result.NOT_FOUND: "ghcr.io has no such repository, tag or digest",
    Result.UNREACHABLE: "ghcr.io: the connection was refused",
}


class Registries:
    """``answer`` is by image and user name, which is empty where there is no login."""

    def __init__(self, answer: Callable[[str, str], Result]) -> None:
        self._answer = answer
        self.asked: list[tuple[str, str]] = []

    def ask_all(self, questions: Iterable[Question]) -> Mapping[Question, Answer]:
        answers = {}
        for question in questions:
            asked = (question.image, question.credential.username if question.credential else "")
            self.asked.append(asked)
            result = self._answer(*asked)
            answers[question] = Answer(result, REASONS[result])
        return answers


def verified(seen: Observation, answer: Callable[[str, str], Result]) -> list[Finding]:
    """What is found with these answers."""
    return diagnose(seen, verdicts=verdicts(View(seen), Registries(answer).ask_all))


def verdicts_of_everything() -> tuple[Verdict, ...]:
    """One of each result."""
    results = {str(number): result for number, result in enumerate(Result)}
    broken = secret("broken", b"{")
    of_results = [pod(container(f"ghcr.io/acme/web:{tag}"), pull_secrets=["regcred"], name=tag) for tag in results]
    seen = observe(
        secret(content=config("ghcr.io")),
        broken,
        account("regcred"),
        *of_results,
        pod(container("ghcr.io/acme/web:0"), name="again", pull_secrets=["regcred"]),
        pod(container("ghcr.io/acme/web:0"), pull_secrets=["broken"]),
    )
    return verdicts(View(seen), Registries(lambda image, _: results[image[-1]]).ask_all)
