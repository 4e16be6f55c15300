"""All findings of an observation. Pure."""

from collections.abc import Iterable, Iterator, Sequence

from ..wording import listed
from . import account_rules, checks, coverage_rules, pod_rules, secret_rules, verify_rules, workload_rules
from .copies import told_once
from .explanation import Causes, Explained, explain
from .findings import Check, Finding
from .groups import Alike, Group
from .observation import Observation, StackCoverage
from .suspicions import Suspicion, told
from .verify import Verdict
from .view import View

_OF_A_STACK = (checks.COVERAGE_NAMESPACE, checks.COVERAGE_ACCOUNT)
_OF_OWN_LISTS = (checks.CONTROLLER_OVERRIDES_ACCOUNT, checks.POD_OWN_LIST)


def diagnose(
    observation: Observation, *, coverage: StackCoverage | None = None, verdicts: Sequence[Verdict] = ()
) -> list[Finding]:
    """What is wrong, the worst first, each cause once with the number of pods that it hits.

    All checks are run, since one may be the cause of what another would tell; choose among the findings afterwards.
    ``coverage`` is what a stack file lists; without it nothing is said of stacks.
    ``verdicts`` are what registries answered; without them none was asked.
    """
    view = View(observation, coverage)
    rules = (secret_rules, account_rules, pod_rules, workload_rules, coverage_rules)
    suspicions = [suspicion for rule in rules for suspicion in rule.suspicions(view)]
    suspicions += verify_rules.suspicions(view, verdicts)
    causes = Causes(view, suspicions)
    explained = explain(view, causes)
    suspicions += verify_rules.unseen(view, verdicts, causes, explained)
    missing = {(each.place[0], each.place[2]) for each in explained.failing if each.check is checks.SECRET_MISSING}
    suspicions += account_rules.dangling(view, missing)
    suspicions += pod_rules.dangling(view, missing)
    suspicions += _hidden(view, explained, suspicions)
    once = told_once(view, _without_echoes(suspicions, explained), explained.failing)
    findings = (told(each, failing) for each, failing in once)
    return sorted({found for found in findings if found}, key=lambda found: found.sort_key)


def _without_echoes(suspicions: Iterable[Suspicion], explained: Explained) -> Iterator[Suspicion]:
    """Each once; without those that say no more of their pods than another does."""
    covered = {group.alike for each in suspicions if each.check in _OF_A_STACK for group in each.hit}
    own = {
        alike for each, failing in explained.failing.items() if each.check in _OF_OWN_LISTS for alike in failing.groups
    }
    for each in dict.fromkeys([*explained.failing, *suspicions]):
        alikes = {group.alike for group in each.hit}
        is_echo = (each.check is checks.ACCOUNT_WITHOUT_SECRET and alikes <= covered) or (
            each.check is checks.ACCOUNT_ALWAYS_OVERRIDDEN and not alikes.isdisjoint(own)
        )
        if each in explained.failing or not is_echo:
            yield each


def _hidden(view: View, explained: Explained, suspicions: Iterable[Suspicion]) -> Iterator[Suspicion]:
    """Pods that run with an image that no pod with their list would get now."""
    of_secrets = {(each.check, each.place): each for each in suspicions if each.place[1] == "Secret"}
    hidden: dict[Suspicion, dict[Alike, Group]] = {}
    for group in view.groups:
        alike = group.alike
        for need in alike.needs:
            if need.is_kept and need.failure is None:
                refused = explained.causes.get((alike.namespace, alike.pull_secrets, need.image))
                keys = ((check, (alike.namespace, "Secret", name)) for check, name in _broken(view, alike, need.image))
                cause = refused or next((of_secrets[key] for key in keys), None)
                # What a restart mends is told as such.
                if cause and cause.check is not checks.POD_PREDATES_ACCOUNT:
                    hidden.setdefault(cause, {})[alike] = group
    for cause, groups in hidden.items():
        owners = listed(" ".join(alike.owner) for alike in groups)
        what = f"pods of {owners} run only because their image is on the node: {cause.what}"
        fix = {"cause": cause.check.code}
        yield Suspicion(checks.POD_POLICY_HIDES, cause.place, what, fix, hit=list(groups.values()))


def _broken(view: View, alike: Alike, image: str) -> Iterator[tuple[Check, str]]:
    """The checks, and the Secrets, because of which the pods' list gives them no image by its looks."""
    for name in alike.pull_secrets:
        content = view.contents.get((alike.namespace, name))
        if content and content.fails:
            yield content.fails, name
    if not view.works(alike.namespace, alike.pull_secrets, image):
        for login in view.logins(alike.namespace, alike.pull_secrets, image):
            if login.expiry and login.expiry.is_over(view.observation.now):
                yield checks.SECRET_TOKEN_EXPIRED, login.secret
