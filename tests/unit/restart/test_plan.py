"""Which pods are recreated, and for each reason to leave one alone a pod that is."""

from typing import Any

import pytest
from pulumi_image_pull_secrets.doctor import checks
from pulumi_image_pull_secrets.doctor.diagnosis import diagnose
from pulumi_image_pull_secrets.doctor.observation import (
    AccountSeen,
    ContainerSeen,
    ObjectName,
    PodSeen,
    SecretSeen,
    WorkloadSeen,
)
from pulumi_image_pull_secrets.doctor.view import View
from pulumi_image_pull_secrets.restart.plan import Plan, Reason, plan

from tests.unit.doctor.observed import (
    DAY,
    HOUR,
    NOT_FOUND,
    NOW,
    UNAUTHORIZED,
    account,
    config,
    container,
    deployment,
    observe,
    pod,
    secret,
)

REFUSED = container(said=UNAUTHORIZED)
RUNS = container()
Objects = tuple[SecretSeen | AccountSeen | PodSeen | WorkloadSeen, ...]
MENDED: Objects = (account("regcred"), secret(), deployment())
"""An account that got its working login after the pods were made."""


def planned(*objects: SecretSeen | AccountSeen | PodSeen | WorkloadSeen, **options: Any) -> Plan:
    seen = {key: options.pop(key) for key in ("secrets_known_in", "accounts_known_in") if key in options}
    return plan(View(observe(*objects, **seen)), **options)


def left(*objects: SecretSeen | AccountSeen | PodSeen | WorkloadSeen, **options: Any) -> Reason:
    """Why the only pod is left alone."""
    made = planned(*objects, **options)
    assert made.recreate == ()
    (only,) = made.left
    return only.reason


def test_a_pod_that_waits_and_whose_account_has_the_login_by_now_is_recreated() -> None:
    made = planned(*MENDED, pod(REFUSED))
    (only,) = made.recreate
    assert (only.pod.name, only.owner, only.is_stuck) == ("web-5d8f-x1", ("Deployment", "web"), True)
    assert (only.images, only.secrets) == (("ghcr.io/acme/web:1",), ("regcred",))
    assert made.left == ()
    assert made.namespaces == ["shop"]


def test_a_pod_that_runs_without_the_login_is_recreated_too_unless_only_stuck_ones_are_wanted() -> None:
    (only,) = planned(*MENDED, pod(RUNS)).recreate
    assert not only.is_stuck
    assert left(*MENDED, pod(RUNS), stuck_only=True) is Reason.NOT_STUCK
    assert len(planned(*MENDED, pod(REFUSED), stuck_only=True).recreate) == 1


def test_a_pod_that_lacks_nothing_is_not_even_told_of() -> None:
    assert planned(*MENDED, pod(RUNS, pull_secrets=["regcred"])) == Plan()
    assert planned(account(), deployment(), pod(RUNS)) == Plan()
    public = container("quay.io/public/tool")
    assert planned(*MENDED, pod(public)) == Plan()


def test_those_that_wait_come_first() -> None:
    pods = [pod(RUNS, name="a"), pod(REFUSED, name="c"), pod(REFUSED, name="b"), pod(RUNS, name="d")]
    assert [each.pod.name for each in planned(*MENDED, *pods).recreate] == ["b", "c", "a", "d"]


def test_a_pod_with_an_earlier_list_of_its_account_is_recreated() -> None:
    objects = (account("new", changed=NOW - HOUR), secret("new"), deployment())
    assert len(planned(*objects, pod(REFUSED, pull_secrets=["old"], created=NOW - DAY)).recreate) == 1


@pytest.mark.parametrize("seen", [REFUSED, RUNS], ids=["waits", "runs"])
@pytest.mark.parametrize(
    "owner",
    [("ReplicaSet", "plain-x"), ("ReplicaSet", "web-5d8f"), ("Rollout", "web"), ("ReplicationController", "web"), None],
)
def test_a_list_that_no_template_tells_from_an_earlier_one_of_the_account_is_left_alone(
    seen: ContainerSeen, owner: ObjectName | None
) -> None:
    objects = (account("new", changed=NOW - HOUR), secret("new"), secret("mine", config("quay.io")))
    own = pod(seen, pull_secrets=["mine"], created=NOW - DAY, owner=owner)
    assert left(*objects, own, include_bare=True) is Reason.MAYBE_OWN_LIST
    if owner:
        (only,) = planned(*objects, pod(seen, created=NOW - DAY, owner=owner)).recreate
        assert only.secrets == ("new",)


def test_the_template_of_a_deployment_of_such_a_name_tells_nothing_of_a_plain_replica_set() -> None:
    objects = (account("new", changed=NOW - HOUR), secret("new"), secret("mine", config("quay.io")), deployment("web"))
    own = pod(RUNS, pull_secrets=["mine"], created=NOW - DAY, owner=("ReplicaSet", "web-x"), template_hash="")
    assert left(*objects, own) is Reason.MAYBE_OWN_LIST


@pytest.mark.parametrize(
    ("said", "detail"),
    [
        (NOT_FOUND, "not found"),
        ("dial tcp: lookup ghcr.io: no such host", "DNS"),
        ("toomanyrequests: rate exceeded", "rate limited"),
        ("x509: certificate signed by unknown authority", "TLS"),
    ],
)
def test_a_pod_that_waits_for_another_reason_is_left_alone(said: str, detail: str) -> None:
    (only,) = planned(*MENDED, pod(container(said=said))).left
    assert (only.reason, only.detail) == (Reason.OTHER_CAUSE, detail)


def test_a_pod_that_waits_for_two_images_is_left_alone_unless_a_restart_mends_both() -> None:
    other = container("quay.io/acme/db:1", UNAUTHORIZED, name="db")
    assert left(*MENDED, pod(REFUSED, other)) is Reason.ACCOUNT_USELESS
    both = (account("regcred"), secret(content=config("ghcr.io", "quay.io")), deployment())
    assert len(planned(*both, pod(REFUSED, other)).recreate) == 1


@pytest.mark.parametrize("owner", [("DaemonSet", "web"), ("Job", "web"), ("ReplicaSet", "web-5d8f"), None])
def test_a_pod_in_which_only_a_debugging_container_waits_does_not_wait(owner: ObjectName | None) -> None:
    debugger = container("ghcr.io/acme/tools:1", UNAUTHORIZED, name="debugger", is_ephemeral=True)
    lacks_nothing = container("quay.io/public/tool")
    assert planned(*MENDED, pod(lacks_nothing, debugger, owner=owner), include_bare=True) == Plan()
    made = planned(*MENDED, pod(RUNS, debugger, owner=owner), include_bare=True)
    told = [(each.is_stuck, each.images) for each in made.recreate] + [
        (each.is_stuck, each.images) for each in made.left
    ]
    assert told == [(False, ("ghcr.io/acme/web:1",))]


def test_a_debugging_container_that_waits_for_another_reason_keeps_no_pod_from_being_recreated() -> None:
    debugger = container("ghcr.io/acme/tools:1", NOT_FOUND, name="debugger", is_ephemeral=True)
    (only,) = planned(*MENDED, pod(REFUSED, debugger)).recreate
    assert (only.is_stuck, only.images) == (True, ("ghcr.io/acme/web:1",))


def test_an_account_that_is_not_known_is_no_cure() -> None:
    assert left(secret(), pod(REFUSED)) is Reason.ACCOUNT_UNKNOWN


def test_an_account_without_an_entry_is_no_cure() -> None:
    assert left(account(), secret(), pod(REFUSED)) is Reason.ACCOUNT_EMPTY


@pytest.mark.parametrize(
    "of_the_account",
    [
        secret(content=config("quay.io")),
        secret(content=b"{"),
        secret("another"),
        secret(annotations={"image-pull-secrets/expires": (NOW - HOUR).isoformat()}),
    ],
    ids=["of another registry", "unreadable", "missing", "expired"],
)
def test_an_account_whose_login_does_not_work_is_no_cure(of_the_account: SecretSeen) -> None:
    assert left(account("regcred"), of_the_account, deployment(), pod(REFUSED)) is Reason.ACCOUNT_USELESS


def test_where_secrets_were_not_read_nothing_is_recreated() -> None:
    objects = (account("regcred"), deployment(), pod(REFUSED))
    assert left(*objects, secrets_known_in=frozenset()) is Reason.SECRETS_UNKNOWN


def test_a_pod_whose_template_names_secrets_itself_is_left_alone() -> None:
    own: dict[str, Any] = {"pull_secrets": ["mine"]}
    objects = (account("regcred"), secret(), secret("mine", config("quay.io")))
    assert left(*objects, deployment(**own), pod(REFUSED, **own)) is Reason.OWN_LIST


def test_a_pod_that_has_its_accounts_list_is_left_to_the_kubelet() -> None:
    assert left(*MENDED, pod(REFUSED, pull_secrets=["regcred"])) is Reason.SAME_LIST


def test_a_pod_whose_earlier_list_has_a_login_by_its_looks_is_left_alone() -> None:
    objects = (account("new"), secret("new"), secret("old"), deployment())
    assert left(*objects, pod(REFUSED, pull_secrets=["old"])) is Reason.HAS_LOGIN


@pytest.mark.parametrize("seen", [REFUSED, RUNS], ids=["waits", "runs"])
def test_a_static_pod_is_never_recreated(seen: Any) -> None:
    mirror = pod(seen, owner=("Node", "node-1"), is_mirror=True)
    assert left(*MENDED, mirror, include_bare=True) is Reason.MIRROR


def test_a_pod_that_is_being_deleted_is_left_alone() -> None:
    assert left(*MENDED, pod(REFUSED, is_leaving=True)) is Reason.LEAVING


def test_a_bare_pod_is_only_recreated_where_that_was_asked_for_and_it_waits() -> None:
    assert left(*MENDED, pod(REFUSED, owner=None)) is Reason.BARE
    (only,) = planned(*MENDED, pod(REFUSED, owner=None), include_bare=True).recreate
    assert only.owner == ("Pod", "web-5d8f-x1")
    assert left(*MENDED, pod(RUNS, owner=None), include_bare=True) is Reason.BARE_AND_FINE


@pytest.mark.parametrize(("kind", "reason"), [("DaemonSet", Reason.DAEMON_SET), ("Job", Reason.JOB)])
def test_pods_of_daemon_sets_and_jobs_are_recreated_only_where_they_wait(kind: str, reason: Reason) -> None:
    objects = (account("regcred"), secret(), deployment("agent", kind=kind))
    assert left(*objects, pod(RUNS, owner=(kind, "agent"))) is reason
    assert len(planned(*objects, pod(REFUSED, owner=(kind, "agent"))).recreate) == 1


@pytest.mark.parametrize("seen", [REFUSED, RUNS], ids=["waits", "runs"])
def test_what_the_doctor_says_that_a_restart_mends_is_recreated(seen: Any) -> None:
    observation = observe(*MENDED, pod(seen))
    assert [found.check for found in diagnose(observation)] == [checks.POD_PREDATES_ACCOUNT]
    (only,) = plan(View(observation)).recreate
    mended = observe(*MENDED, PodSeen(**{**vars(only.pod), "containers": (RUNS,), "pull_secrets": ("regcred",)}))
    assert diagnose(mended) == []
