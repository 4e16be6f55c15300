"""What is wrong with pods and pod templates, and which cause a pod that doesn't pull is counted under."""

from typing import Any

import pytest
from pulumi_image_pull_secrets.doctor.diagnosis import diagnose
from pulumi_image_pull_secrets.doctor.findings import Finding, Severity
from pulumi_image_pull_secrets.doctor.view import View
from pulumi_image_pull_secrets.restart.plan import plan

from tests.unit.doctor.observed import (
    DAY,
    HOUR,
    NOT_FOUND,
    NOW,
    UNAUTHORIZED,
    account,
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
RUNS_ALWAYS = container(pull_policy="Always")


def stuck(said: str, image: str = "ghcr.io/acme/web:1", **others: Any) -> list[Finding]:
    return found(account(), pod(container(image, said), **others), deployment())


def test_a_login_that_the_registry_refuses() -> None:
    (only,) = found(account("regcred"), secret(), pod(REFUSED, pull_secrets=["regcred"]), deployment())
    assert (only.check.code, only.severity, only.pods) == ("pod-unauthorized", Severity.ERROR, 1)
    assert (only.kind, only.name) == ("Deployment", "web")
    assert only.message == (
        "ghcr.io refuses user 'bot' of key 'ghcr.io' in Secret regcred: failed to resolve reference: pull access "
        "denied: insufficient_scope: authorization failed"
    )


def test_a_refused_login_of_several_owners_is_told_once_of_their_secret() -> None:
    pods = [
        pod(container(f"ghcr.io/acme/{name}:1", UNAUTHORIZED), owner=("StatefulSet", name), name=f"{name}-0")
        for name in ("api", "db")
    ]
    pods = [pod(*each.containers, owner=each.controller, name=each.name, pull_secrets=["regcred"]) for each in pods]
    (only,) = found(account("regcred"), secret(), *pods)
    assert (only.check.code, only.kind, only.name, only.pods) == ("pod-unauthorized", "Secret", "regcred", 2)
    assert "StatefulSet api, StatefulSet db can't pull" in only.message


def test_a_user_name_that_is_a_token_is_not_shown() -> None:
    content = config(**{"ghcr.io": login("ghp_0123456789abcdef", "x-oauth-basic")})
    findings = found(account("regcred"), secret(content=content), pod(REFUSED, pull_secrets=["regcred"]))
    assert "user (a token) of key" in the("pod-unauthorized", findings).message


def test_of_a_pod_that_runs_no_login_is_refused() -> None:
    assert found(account("regcred"), secret(), pod(RUNS_ALWAYS, pull_secrets=["regcred"]), deployment()) == []


def test_no_login_serves_the_image_of_a_pod_with_its_accounts_list() -> None:
    quay = secret(content=config("quay.io"))
    (only,) = found(account("regcred"), quay, pod(REFUSED, pull_secrets=["regcred"]), deployment())
    assert (only.check.code, only.severity, only.pods) == ("pod-no-credential", Severity.ERROR, 1)
    assert only.message.startswith("no login for ghcr.io/acme: none in Secret regcred: failed to resolve")
    assert "--docker-server=ghcr.io " in only.fix


def test_no_login_for_several_owners_is_told_once_of_their_account() -> None:
    pods = [
        pod(REFUSED, pull_secrets=["regcred"], owner=("StatefulSet", name), name=f"{name}-0") for name in ("api", "db")
    ]
    (only,) = found(account("regcred"), secret(content=config("quay.io")), *pods)
    assert (only.kind, only.name, only.pods) == ("ServiceAccount", "default", 2)
    assert only.message.startswith("no login for ghcr.io/acme: none in Secret regcred; StatefulSet api, StatefulSet db")


def test_no_login_for_an_image_of_docker_hub_is_told_with_its_key() -> None:
    findings = found(pod(container("acme/web:1", UNAUTHORIZED)), accounts_known_in=frozenset())
    assert "--docker-server=https://index.docker.io/v1/ " in the("pod-no-credential", findings).fix
    assert the("pod-no-credential", findings).message.startswith("no login for docker.io/acme: the list is empty")


def test_a_key_with_a_path_serves_no_image_beside_it() -> None:
    mine = secret(content=config("ghcr.io/other"))
    assert codes(found(account("regcred"), mine, pod(REFUSED, pull_secrets=["regcred"]))) == ["pod-no-credential"]


def test_where_secrets_were_not_read_nobody_says_that_there_is_no_login() -> None:
    objects = (account("regcred"), pod(REFUSED, pull_secrets=["regcred"]), deployment())
    (only,) = found(*objects, secrets_known_in=frozenset())
    assert only.check.code == "pod-unauthorized"
    assert "refuses image ghcr.io/acme/web:1; what is in Secret regcred wasn't read" in only.message


@pytest.mark.parametrize(
    ("said", "code", "message"),
    [
        (NOT_FOUND, "pod-image-not-found", "image ghcr.io/acme/web:1 is not in the registry: "),
        (
            "no match for platform in manifest: not found",
            "pod-wrong-architecture",
            "image ghcr.io/acme/web:1 isn't made",
        ),
        ("write /x: no space left on device", "pod-disk-full", "the node has no room for image ghcr.io/acme/web:1"),
        ("something new", "pod-pull-fails", "image ghcr.io/acme/web:1 isn't pulled: something new"),
        ("", "pod-pull-fails", "image ghcr.io/acme/web:1 isn't pulled, and no message says why"),
        ("unexpected end of JSON input", "pod-pull-fails", "the kubelet can't read a Secret in the list"),
        ("429 Too Many Requests", "pod-rate-limited", "no more pulls from ghcr.io for now: 429 Too Many Requests"),
        ("dial tcp: lookup ghcr.io: no such host", "pod-dns", "a node can't resolve ghcr.io: "),
        ("x509: certificate signed by unknown authority", "pod-tls", "a node doesn't accept the TLS of ghcr.io: "),
        ("dial tcp 1.2.3.4:443: i/o timeout", "pod-timeout", "ghcr.io doesn't answer a node in time: "),
        ("connect: connection refused", "pod-unreachable", "a node can't reach ghcr.io, or gets an error from it: "),
    ],
)
def test_each_kind_of_failure_is_a_finding_of_its_own(said: str, code: str, message: str) -> None:
    (only,) = stuck(said)
    assert (only.check.code, only.severity, only.pods) == (code, Severity.ERROR, 1)
    assert (only.namespace, only.kind, only.name) == ("shop", "Deployment", "web")
    assert only.message.startswith(message)


@pytest.mark.parametrize(
    ("reason", "code", "image"),
    [
        ("InvalidImageName", "pod-invalid-image-name", "ghcr.io/Acme/web:${TAG}"),
        ("ErrImageNeverPull", "pod-never-pulled", "acme/web:local"),
    ],
)
def test_reasons_of_the_kubelet_alone(reason: str, code: str, image: str) -> None:
    (only,) = found(account(), pod(container(image, waiting_reason=reason)), deployment())
    assert (only.check.code, only.severity) == (code, Severity.ERROR)
    assert image in only.message
    assert only.fix.startswith("kubectl -n shop edit deployment web  # ")


def test_a_pod_that_pulls_is_no_finding_of_any_kind() -> None:
    assert found(account(), pod(), pod(container(waiting_reason="CrashLoopBackOff"), name="other"), deployment()) == []


def test_a_registry_that_no_node_reaches_is_told_once_for_all_namespaces() -> None:
    said = "dial tcp: lookup ghcr.io: no such host"
    pods = [
        pod(container(f"ghcr.io/acme/{number}:1", said), namespace=f"team-{number}", name=f"web-{number}")
        for number in range(5)
    ]
    (only,) = found(*pods)
    assert (only.check.code, only.namespace, only.kind, only.name) == ("pod-dns", "", "Registry", "ghcr.io")
    assert only.pods == 5
    assert "ReplicaSet team-0/web-5d8f" in only.message
    assert "and 2 more can't pull" in only.message


def test_of_what_several_kubelets_say_of_one_cause_the_first_by_the_alphabet_is_told() -> None:
    pods = [
        pod(container(f"ghcr.io/acme/{letter}:1", f"{letter}: i/o timeout"), owner=("StatefulSet", letter), name=letter)
        for letter in "hgfedcba"
    ]
    assert the("pod-timeout", found(account(), *pods)).message.endswith("can't pull: a: i/o timeout")


def test_two_images_that_a_pod_lacks_are_two_findings_and_count_it_in_each() -> None:
    both = [container(said=NOT_FOUND), container("quay.io/acme/db:1", "x: 429 Too Many Requests", name="db")]
    findings = found(account(), pod(*both), deployment())
    assert codes(findings) == ["pod-image-not-found", "pod-rate-limited"]
    assert [finding.pods for finding in findings] == [1, 1]


def test_two_images_that_a_pod_lacks_for_one_cause_count_it_once() -> None:
    both = [container(said=UNAUTHORIZED), container("ghcr.io/acme/db:1", UNAUTHORIZED, name="db")]
    (only,) = found(account("gone"), pod(*both, pull_secrets=["gone"]), deployment())
    assert (only.check.code, only.pods) == ("secret-missing", 1)


def test_a_pod_that_was_created_before_its_account_got_the_secret() -> None:
    (only,) = found(account("regcred"), secret(), pod(REFUSED), deployment())
    assert (only.check.code, only.severity, only.pods) == ("pod-predates-account", Severity.ERROR, 1)
    assert (only.kind, only.name) == ("Deployment", "web")
    assert only.message.startswith("created before ServiceAccount default got Secret regcred: ")
    assert only.fix == "pull-secrets restart -n shop"


def test_pods_of_several_owners_that_predate_their_account_are_told_once_of_it() -> None:
    pods = [pod(owner=("StatefulSet", name), name=f"{name}-0") for name in ("api", "db")]
    (only,) = found(account("regcred"), secret(), *pods)
    assert (only.check.code, only.severity, only.pods) == ("pod-predates-account", Severity.WARNING, 2)
    assert (only.kind, only.name) == ("ServiceAccount", "default")


def test_a_pod_with_a_list_that_its_account_had_earlier_is_mended_by_a_restart_and_by_nothing_else() -> None:
    changed = account("new", changed=NOW - HOUR)
    findings = found(changed, secret("new"), pod(REFUSED, pull_secrets=["old"], created=NOW - DAY))
    assert codes(findings) == ["pod-predates-account"]
    broken = found(changed, secret("new"), secret("old", b"{"), pod(REFUSED, pull_secrets=["old"], created=NOW - DAY))
    assert codes(broken) == ["pod-predates-account", "secret-unreadable"]


def fix_of(*objects: Any) -> str:
    """The fix of pods that predate their account, which are all that is found; a restart does what it says."""
    observation = observe(*objects)
    (only,) = diagnose(observation)
    assert only.check.code == "pod-predates-account"
    is_restart = only.fix == "pull-secrets restart -n shop"
    assert bool(plan(View(observation)).recreate) is is_restart
    is_with_bare = is_restart or "--include-bare" in only.fix
    assert bool(plan(View(observation), include_bare=True).recreate) is is_with_bare
    return only.fix


def test_a_restart_is_told_for_pods_that_it_recreates_and_another_fix_for_others() -> None:
    got = (account("regcred"), secret(), deployment())
    assert fix_of(*got, pod(REFUSED)) == "pull-secrets restart -n shop"
    assert fix_of(*got, pod()) == "pull-secrets restart -n shop"
    bare = "pull-secrets restart -n shop --include-bare  # evicted for good; keep the manifest"
    assert fix_of(*got, pod(REFUSED, owner=None, name="bare")) == bare
    later = "kubectl -n shop get pod bare -o yaml  # make it anew from its manifest when it may stop"
    assert fix_of(*got, pod(owner=None, name="bare")) == later


@pytest.mark.parametrize("owner", [("Rollout", "web"), None])
@pytest.mark.parametrize("seen", [REFUSED, container()], ids=["waits", "runs"])
def test_a_list_that_may_be_the_manifests_is_looked_up_there(seen: Any, owner: Any) -> None:
    old = pod(seen, pull_secrets=["old"], created=NOW - DAY, owner=owner, name="web-1")
    there = secret("old", config("quay.io"))
    assert fix_of(account("new", changed=NOW - HOUR), secret("new"), there, old) == (
        "kubectl -n shop get pod web-1 -o yaml  # take imagePullSecrets out of its manifest if they are there, and "
        "make it anew"
    )


def test_pods_of_an_account_that_are_recreated_in_different_ways_are_told_apart() -> None:
    findings = found(account("regcred"), secret(), deployment(), pod(REFUSED), pod(REFUSED, owner=None, name="bare"))
    assert [(each.kind, each.name, each.pods) for each in findings] == [("Deployment", "web", 1), ("Pod", "bare", 1)]
    assert findings[1].message.startswith(
        "created before ServiceAccount default got Secret regcred, and no controller makes a new one: "
    )


def test_a_restart_is_not_told_for_what_only_a_debugging_container_waits_for() -> None:
    debugger = container("ghcr.io/acme/tools:1", UNAUTHORIZED, name="debugger", is_ephemeral=True)
    public = container("quay.io/public/tool")
    got = (account("regcred"), secret(), deployment())
    assert codes(found(*got, pod(public, debugger))) == ["pod-no-credential"]
    of_its_image = found(*got, pod(container(), debugger))
    assert [(each.check.code, each.pods) for each in of_its_image] == [
        ("pod-no-credential", 1),
        ("pod-predates-account", 1),
    ]


def test_a_restart_that_would_mend_nothing_is_not_asked_for() -> None:
    quay = secret(content=config("quay.io"))
    assert codes(found(account("regcred"), quay, pod(REFUSED), deployment())) == ["pod-no-credential"]
    assert found(account("regcred"), quay, pod(), deployment()) == []
    unreadable = found(account("regcred"), secret(content=b"{"), pod(REFUSED), deployment())
    assert codes(unreadable) == ["pod-no-credential", "secret-unreadable"]


def test_a_restart_mends_nothing_where_the_accounts_list_fails_as_well_or_the_pods_list_works_by_its_looks() -> None:
    broken = found(account("regcred", "broken"), secret(), secret("broken", b"{"), pod(REFUSED), deployment())
    assert codes(broken) == ["pod-no-credential", "secret-unreadable"]
    blank = secret(content=config(**{"ghcr.io": login("bot", "")}))
    assert codes(found(account("regcred"), blank, pod(REFUSED), deployment())) == ["pod-no-credential", "secret-empty"]
    old = pod(REFUSED, pull_secrets=["old"])
    assert codes(found(account("new"), secret("new"), secret("old"), old, deployment())) == ["pod-unauthorized"]


def test_a_pod_that_names_secrets_itself_gets_none_from_its_account() -> None:
    own: dict[str, Any] = {"pull_secrets": ["mine"], "owner": None}
    objects = (account("regcred"), secret(), secret("mine", config("quay.io")))
    (failing,) = found(*objects, pod(REFUSED, **own))
    assert (failing.check.code, failing.severity, failing.pods) == ("pod-own-list", Severity.ERROR, 1)
    assert (failing.kind, failing.name) == ("Pod", "web-5d8f-x1")
    assert failing.message.startswith("it names Secret mine, which hides its account's Secret regcred")
    using = pod(name="other", pull_secrets=["regcred"], owner=None)
    (running,) = found(*objects, pod(**own), using)
    assert (running.check.code, running.severity, running.pods) == ("pod-own-list", Severity.NOTE, 1)


def test_a_list_of_its_own_that_holds_the_accounts_entries_hides_nothing() -> None:
    objects = (account("regcred"), secret(), secret("mine"))
    own = pod(pull_secrets=["regcred", "mine"], owner=None)
    using = pod(name="other", pull_secrets=["regcred"], owner=None)
    assert found(*objects, own, using) == []


def test_a_pods_own_dangling_entry_is_a_warning_while_nothing_fails_for_want_of_it() -> None:
    own: dict[str, Any] = {"pull_secrets": ["gone"]}
    (only,) = found(account(), pod(**own), pod(**own, name="web-5d8f-x2"), deployment(**own))
    assert (only.check.code, only.severity, only.pods) == ("pod-dangling-entry", Severity.WARNING, 2)
    assert (only.kind, only.name, only.message) == ("Deployment", "web", "Secret gone in its list, and not there")


def test_a_templates_dangling_entry_is_told_before_there_are_pods() -> None:
    only = the("pod-dangling-entry", found(account(), deployment("backup", kind="CronJob", pull_secrets=["gone"])))
    assert (only.kind, only.name, only.pods) == ("CronJob", "backup", 0)


def test_a_dangling_entry_is_told_of_the_account_that_it_is_from() -> None:
    assert codes(found(account("gone"), pod(pull_secrets=["gone"]), deployment())) == ["account-dangling-entry"]


def test_a_dangling_entry_of_an_earlier_list_is_told_unless_a_restart_is() -> None:
    old = pod(pull_secrets=["old"], created=NOW - DAY)
    assert codes(found(account("new", changed=NOW - HOUR), secret("new"), old)) == ["pod-predates-account"]
    public = secret("new", config("quay.io"))
    assert codes(found(account("new", changed=NOW - HOUR), public, old)) == ["pod-dangling-entry"]
