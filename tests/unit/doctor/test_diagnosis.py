"""A whole diagnosis: each cause once, nothing secret in it, the same in any order, and quick."""

import random
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi_image_pull_secrets.doctor.diagnosis import diagnose
from pulumi_image_pull_secrets.doctor.explanation import Causes, explain
from pulumi_image_pull_secrets.doctor.findings import Finding, Severity
from pulumi_image_pull_secrets.doctor.observation import Observation, StackCoverage
from pulumi_image_pull_secrets.doctor.view import View

from tests.unit.doctor.observed import (
    DAY,
    JSON_TYPE,
    NOT_FOUND,
    NOW,
    UNAUTHORIZED,
    account,
    auth,
    codes,
    config,
    container,
    deployment,
    found,
    login,
    observe,
    pod,
    secret,
    the,
)

REFUSED = container(said=UNAUTHORIZED)
PASSWORD = "hush-hush-"
NAMES = st.sampled_from(["a", "b", "c", ""])
NAMESPACES = st.sampled_from(["shop", "team"])
OWNERS = st.sampled_from([None, ("ReplicaSet", "web-5d8f"), ("ReplicaSet", "api-1"), ("StatefulSet", "db")])
KEYS = st.sampled_from(["ghcr.io", "https://ghcr.io/", "quay.io", "https://index.docker.io/v1", "oci://ghcr.io", "x y"])
IMAGES = st.sampled_from(["ghcr.io/acme/web:1", "quay.io/acme/db:1", "nginx", "Acme/${X}"])
PASSWORDS = st.integers(10, 19).map(lambda number: f"{PASSWORD}{number}")
SAID = st.sampled_from(
    [
        None,
        "",
        UNAUTHORIZED,
        NOT_FOUND,
        "unexpected end of JSON input",
        "429 Too Many Requests",
        "dial tcp: lookup x: no such host",
        f"denied: no such user as bot:{PASSWORD}17",
        "something new",
    ]
)


@st.composite
def entries(draw: st.DrawFn) -> dict[str, str]:
    password = draw(PASSWORDS)
    return draw(
        st.sampled_from(
            [
                login("bot", password),
                {"auth": auth("bot", password)},
                {**login("bot", password), "auth": auth("bot", f"{PASSWORD}20")},
                {"auth": password},
                {"username": "bot", "password": ""},
                {},
            ]
        )
    )


CONTENTS = st.one_of(
    st.dictionaries(KEYS, entries(), max_size=3).map(lambda found: config(**found)),
    st.sampled_from([b"", b"{", b"[]", b'{"auths": {"ghcr.io": "hush-hush-10"}}']),
)
SECRETS = st.builds(
    secret,
    NAMES.filter(bool),
    CONTENTS,
    namespace=NAMESPACES,
    type_=st.sampled_from([JSON_TYPE, "kubernetes.io/dockercfg", ""]),
    annotations=st.sampled_from(
        [{}, {"image-pull-secrets/owner": "x"}, {"image-pull-secrets/expires": (NOW - DAY).isoformat()}]
    ),
)
ACCOUNTS = st.builds(
    lambda names, **others: account(*names, **others),
    st.lists(NAMES, max_size=3),
    name=st.sampled_from(["default", "builder"]),
    namespace=NAMESPACES,
    changed=st.sampled_from([None, NOW - 2 * DAY, NOW]),
)
CONTAINERS = st.builds(container, IMAGES, SAID, pull_policy=st.sampled_from(["Always", "IfNotPresent", "Never"]))
PODS = st.builds(
    lambda containers, **others: pod(*containers, **others),
    st.lists(CONTAINERS, min_size=1, max_size=2),
    pull_secrets=st.lists(NAMES, max_size=2),
    name=st.integers(0, 9).map(lambda number: f"p{number}"),
    owner=OWNERS,
    namespace=NAMESPACES,
    account=st.sampled_from(["default", "builder"]),
    events=st.sampled_from([(), ("Unable to retrieve some image pull secrets (a); attempting",)]),
)
WORKLOADS = st.builds(
    deployment,
    st.sampled_from(["web", "api", "db"]),
    pull_secrets=st.lists(NAMES, max_size=2),
    namespace=NAMESPACES,
    kind=st.sampled_from(["Deployment", "StatefulSet", "CronJob"]),
)
OBJECTS = st.lists(
    SECRETS | ACCOUNTS | PODS | WORKLOADS,
    max_size=12,
    # As in a cluster, where no two of a kind have one name.
    unique_by=lambda each: (type(each), getattr(each, "kind", ""), each.namespace, each.name),
)
KNOWN = st.frozensets(NAMESPACES)
COVERAGES = st.none() | st.builds(
    StackCoverage,
    st.just("Pulumi.prod.yaml"),
    st.dictionaries(NAMESPACES, st.frozensets(st.just("default"))),
    st.sampled_from([(), ("ghcr.io",), ("https://index.docker.io/v1/", "quay.io/acme")]),
)
OBSERVATIONS = st.builds(
    lambda objects, secrets, accounts: observe(*objects, secrets_known_in=secrets, accounts_known_in=accounts),
    OBJECTS,
    KNOWN,
    KNOWN,
)


def texts(findings: Iterable[Finding]) -> list[str]:
    return [text for each in findings for text in (each.namespace, each.kind, each.name, each.message, each.fix)]


@given(OBSERVATIONS, COVERAGES)
def test_no_password_that_is_in_any_secret_is_in_any_finding(observation: Observation, coverage: Any) -> None:
    # A registry can repeat what a kubelet sent it: the pod's own.
    pods = [each for each in observation.pods if (each.namespace, "a") in observation.secrets]
    echoing = config(**{"quay.io": login("bot", f"{PASSWORD}17")})
    secrets = {
        name: replace(each, content=echoing) if name[1] == "a" else each for name, each in observation.secrets.items()
    }
    secrets = {name: each for name, each in secrets.items() if name[1] != "a" or each.type == JSON_TYPE}
    pods = [each for each in pods if (each.namespace, "a") in secrets]
    told = texts(diagnose(replace(observation, pods=pods, secrets=secrets), coverage=coverage))
    assert [text for text in told if PASSWORD in text or auth("bot", PASSWORD)[:12] in text] == []


@pytest.mark.parametrize(
    "echo",
    [
        lambda password: f"denied: no such user: {password}",
        # Only the end of a message is shown, and of this one it starts inside the password.
        lambda password: f"denied: {password} may not pull",
        lambda password: f"denied: [bot {password}]",
        lambda password: f"denied: Basic {auth('bot', password)}",
    ],
)
def test_what_a_registry_echoes_of_a_password_is_not_repeated(echo: Callable[[str], str]) -> None:
    password = "made-up-by-the-test" * 20 + "]"
    held = secret(content=config(**{"ghcr.io": login(password=password)}))
    said = container(said=echo(password))
    only = the("pod-unauthorized", found(account("regcred"), held, pod(said, pull_secrets=["regcred"])))
    assert only.message == "ghcr.io refuses user 'bot' of key 'ghcr.io' in Secret regcred"


@given(OBSERVATIONS, COVERAGES)
def test_findings_are_in_order_told_once_and_filled_in(observation: Observation, coverage: Any) -> None:
    findings = diagnose(observation, coverage=coverage)
    assert findings == sorted(set(findings), key=lambda found: found.sort_key)
    places = [(each.check.code, each.namespace, each.kind, each.name, each.message) for each in findings]
    assert len(places) == len(set(places))
    assert all(text.isprintable() for text in texts(findings))


@given(OBSERVATIONS, COVERAGES, st.randoms(use_true_random=False))
def test_the_order_in_which_objects_were_read_changes_nothing(
    observation: Observation, coverage: Any, shuffle: random.Random
) -> None:
    def shuffled(objects: Iterable[Any]) -> list[Any]:
        return shuffle.sample(list(objects), len(list(objects)))

    other = replace(
        observation,
        pods=shuffled(observation.pods),
        workloads=shuffled(observation.workloads),
        secrets=dict(shuffled(observation.secrets.items())),
        accounts=dict(shuffled(observation.accounts.items())),
    )
    assert diagnose(other, coverage=coverage) == diagnose(observation, coverage=coverage)


@given(OBSERVATIONS, COVERAGES)
def test_every_image_that_is_not_pulled_has_one_cause_and_counts_its_pods(
    observation: Observation, coverage: Any
) -> None:
    view = View(observation, coverage)
    failing = [group for group in view.groups if any(need.failure for need in group.alike.needs)]
    explained = explain(view, Causes(view, []))
    counted = {group.alike for each in explained.failing.values() for group in each.groups.values()}
    assert counted == {group.alike for group in failing}
    errors = [each for each in diagnose(observation, coverage=coverage) if each.severity is Severity.ERROR]
    assert sum(each.pods for each in errors) >= sum(group.count for group in failing)


@given(OBSERVATIONS)
def test_what_was_not_read_is_not_judged(observation: Observation) -> None:
    blind = replace(observation, secrets={}, accounts={}, secrets_known_in=frozenset(), accounts_known_in=frozenset())
    silent = replace(blind, pods=[replace(each, events=()) for each in observation.pods])
    told = {each.check.code for each in diagnose(silent)}
    assert [code for code in told if code.startswith(("secret-", "account-", "controller-"))] == []
    assert told.isdisjoint({"pod-dangling-entry", "pod-own-list", "pod-predates-account"})


def test_nothing_is_wrong_with_nothing() -> None:
    assert diagnose(Observation(NOW)) == []


def test_five_thousand_pods_of_one_deployment_are_one_finding() -> None:
    pods = [pod(REFUSED, pull_secrets=["regcred"], name=f"web-5d8f-{number:04}") for number in range(5_000)]
    (only,) = found(account("regcred"), *pods, deployment())
    assert (only.check.code, only.pods) == ("secret-missing", 5_000)


def test_the_pods_of_one_missing_secret_are_counted_whoever_owns_them() -> None:
    pods = [
        pod(REFUSED, pull_secrets=["regcred"], owner=("StatefulSet", f"db-{number}"), name=f"db-{number}-0")
        for number in range(9)
    ]
    (only,) = found(account("regcred"), *pods)
    assert only.pods == 9
    assert "StatefulSet db-0, StatefulSet db-1, StatefulSet db-2 and 6 more can't pull" in only.message


def test_one_cause_of_each_namespace_is_told_in_each() -> None:
    objects = [
        each
        for name in ("a", "b")
        for each in (account("gone", namespace=name), pod(REFUSED, pull_secrets=["gone"], namespace=name))
    ]
    assert [(each.check.code, each.namespace) for each in found(*objects)] == [
        ("secret-missing", "a"),
        ("secret-missing", "b"),
    ]


def test_a_note_that_echoes_an_error_of_the_same_pods_is_not_told() -> None:
    own: dict[str, Any] = {"pull_secrets": ["mine"]}
    objects = (account("regcred"), secret(), secret("mine", config("quay.io")))
    assert codes(found(*objects, pod(REFUSED, **own), deployment(**own))) == ["controller-overrides-account"]
    stack = StackCoverage("Pulumi.prod.yaml", {}, ("ghcr.io",))
    assert codes(found(account(), secret(), pod(), deployment(), coverage=stack)) == ["coverage-namespace"]


def cluster(namespaces: int, pods: int) -> Observation:
    """A cluster in which a third of the namespaces pull, a third lack the Secret, and a third are refused."""
    objects: list[Any] = []
    for number in range(namespaces):
        name = f"team-{number:03}"
        objects.append(account("regcred", namespace=name))
        if number % 3:
            objects.append(secret(namespace=name))
        for app in range(5):
            objects.append(deployment(f"app-{app}", namespace=name))
            image = f"ghcr.io/acme/app-{app}:{number}"
            said = None if number % 3 == 1 else f'failed to pull and unpack image "{image}": {UNAUTHORIZED}'
            objects += [
                pod(
                    container(image, said),
                    container("registry.k8s.io/proxy:1", name="proxy"),
                    pull_secrets=["regcred"],
                    name=f"app-{app}-5d8f-{replica}",
                    owner=("ReplicaSet", f"app-{app}-5d8f"),
                    namespace=name,
                )
                for replica in range(pods // namespaces // 5)
            ]
    return observe(*objects)


def test_five_thousand_pods_in_five_hundred_namespaces() -> None:
    observation = cluster(500, 5_000)
    assert len(observation.pods) == 5_000
    findings = diagnose(observation)
    # The Secret that is missing in each namespace, and the one that is refused, which is the same in all.
    assert len(findings) == 167 + 1
    assert sum(each.pods for each in findings) == 3_330
