"""What is wrong with Secrets, and which pods fail because of it."""

import json
from typing import Any

import pytest
from pulumi_image_pull_secrets.doctor.findings import Finding, Severity
from pulumi_image_pull_secrets.doctor.parsing import LEGACY

from tests.unit.doctor.observed import (
    DAY,
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
    pod,
    secret,
    the,
)

REFUSED = container(said=UNAUTHORIZED)
RUNS = container(pull_policy="Always")
READABLE = "an auth that is not base64"


def attached(content: bytes | None = None, image: Any = REFUSED, **others: Any) -> list[Finding]:
    """What is found where the account names this Secret, and its pod has it."""
    return found(
        account("regcred"), secret(content=content, **others), pod(image, pull_secrets=["regcred"]), deployment()
    )


def unnamed(content: bytes) -> list[Finding]:
    return found(account(), secret(content=content))


def test_a_sound_secret_of_running_pods_is_no_finding() -> None:
    assert attached(image=RUNS) == []


def test_a_missing_secret_is_told_once_with_the_pods_that_fail_for_want_of_it() -> None:
    pods = [pod(REFUSED, name=f"web-5d8f-{number}", pull_secrets=["regcred"]) for number in range(5)]
    (only,) = found(account("regcred"), *pods, deployment())
    assert (only.check.code, only.severity, only.pods) == ("secret-missing", Severity.ERROR, 5)
    assert (only.namespace, only.kind, only.name) == ("shop", "Secret", "regcred")
    assert only.message.startswith(
        "ServiceAccount default names it, and it isn't there; Deployment web can't pull: failed to resolve reference"
    )
    assert only.fix.startswith("kubectl -n shop create secret docker-registry regcred ")


def test_a_missing_secret_that_only_pods_name_is_told_with_their_owners() -> None:
    mine = pod(REFUSED, pull_secrets=["mine"])
    missing = the("secret-missing", found(account(), mine, deployment("web", pull_secrets=["mine"])))
    assert missing.message.startswith("Deployment web names it")


def test_a_missing_secret_is_no_cause_where_another_one_serves_the_image() -> None:
    findings = found(account("gone", "regcred"), secret(), pod(REFUSED, pull_secrets=["gone", "regcred"]), deployment())
    assert codes(findings) == ["pod-unauthorized", "account-dangling-entry"]


def test_a_missing_secret_does_not_explain_an_image_that_is_not_there() -> None:
    findings = found(account("gone"), pod(container(said=NOT_FOUND), pull_secrets=["gone"]), deployment())
    assert codes(findings) == ["pod-image-not-found", "account-dangling-entry"]


def test_a_missing_secret_explains_a_pod_of_which_no_message_is_left() -> None:
    assert codes(found(account("gone"), pod(container(said=""), pull_secrets=["gone"]), deployment())) == [
        "secret-missing"
    ]


def test_where_secrets_were_not_read_only_the_kubelet_says_which_are_missing() -> None:
    objects = (account("regcred"), deployment())
    retrieve = "Unable to retrieve some image pull secrets (regcred); attempting to pull the image may not succeed."
    silent = found(*objects, pod(REFUSED, pull_secrets=["regcred"]), secrets_known_in=frozenset())
    assert codes(silent) == ["pod-unauthorized"]
    said = found(*objects, pod(REFUSED, pull_secrets=["regcred"], events=(retrieve,)), secrets_known_in=frozenset())
    assert codes(said) == ["secret-missing"]


def test_a_secret_of_another_type_is_passed_over() -> None:
    failing = the("secret-wrong-type", attached(type_=""))
    assert (failing.severity, failing.pods) == (Severity.ERROR, 1)
    assert failing.fix.startswith("kubectl -n shop create secret docker-registry SECRET --docker-server=")
    assert failing.fix.endswith("  # and name it in the list in place of regcred")
    running = the("secret-wrong-type", attached(type_="", image=RUNS))
    assert (running.severity, running.pods) == (Severity.WARNING, 1)


def test_a_secret_of_another_type_that_nobody_pulls_with_is_no_finding() -> None:
    assert found(account(), secret(type_="")) == []


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"{", "it is not JSON"),
        (b'"text"', "it has something else where an object belongs"),
        (b'{"auths": {"ghcr.io": "hush"}}', "the entry of 'ghcr.io' has something else where an object belongs"),
        (
            b'{"auths": {"quay.io": {"auth": "!"}, "ghcr.io": []}}',
            "the entry of 'quay.io' has an auth that is not base64; the entry of 'ghcr.io' has something else where an "
            "object belongs",
        ),
        (b'{"auths": {"ghcr.io": {"username": 7}}}', "the entry of 'ghcr.io' has something else where text belongs"),
    ],
)
def test_an_unreadable_secret_fails_every_pull_with_it(content: bytes, problem: str) -> None:
    failing = the("secret-unreadable", attached(content))
    assert (failing.severity, failing.pods) == (Severity.ERROR, 1)
    assert failing.message.startswith(f"{problem}; Deployment web can't pull")
    running = the("secret-unreadable", attached(content, RUNS))
    assert (running.severity, running.message) == (Severity.ERROR, problem)
    unused = the("secret-unreadable", unnamed(content))
    assert (unused.severity, unused.message, unused.pods) == (Severity.WARNING, f"{problem}; nothing names it", 0)


def test_whether_anything_names_a_secret_is_not_known_where_accounts_were_not_read() -> None:
    (only,) = found(secret(content=b"{"), accounts_known_in=frozenset())
    assert (only.severity, only.message) == (Severity.ERROR, "it is not JSON")


@pytest.mark.parametrize(
    "said", ["illegal base64 data at input byte 4", "something that nobody has seen", UNAUTHORIZED]
)
def test_an_auth_that_does_not_decode_fails_every_pull_also_of_other_registries(said: str) -> None:
    content = config("quay.io", **{"ghcr.io": {"auth": "!"}})
    (only,) = attached(content, container("quay.io/acme/db:1", said))
    assert (only.check.code, only.pods) == ("secret-auth-undecodable", 1)
    assert "the entry of 'ghcr.io' has an auth that is not base64" in only.message


def test_an_auth_without_a_colon_does_not_decode() -> None:
    content = config(**{"ghcr.io": {"auth": auth("token-alone", "")[:12]}})
    assert codes(attached(content)) == ["secret-auth-undecodable"]
    assert the("secret-auth-undecodable", unnamed(content)).severity is Severity.WARNING


def test_a_secret_that_nothing_reads_does_not_explain_an_image_that_is_not_there() -> None:
    assert "pod-image-not-found" in codes(attached(b"{", container(said=NOT_FOUND)))


def test_an_auth_that_disagrees_with_the_login_beside_it() -> None:
    content = config(**{"ghcr.io": {**login("bot", "new-password"), "auth": auth("bot", "old-password")}})
    failing = the("secret-auth-disagrees", attached(content))
    assert (failing.severity, failing.pods) == (Severity.ERROR, 1)
    assert failing.message.startswith("the auth of 'ghcr.io' (user 'bot') is another login")
    running = the("secret-auth-disagrees", attached(content, RUNS))
    assert running.severity is Severity.WARNING


def test_an_auth_that_disagrees_is_no_cause_for_another_registry() -> None:
    content = config(**{"ghcr.io": {**login("bot", "new"), "auth": auth("bot", "old")}, "quay.io": login()})
    findings = attached(content, container("quay.io/acme/db:1", UNAUTHORIZED))
    assert codes(findings) == ["pod-unauthorized", "secret-auth-disagrees"]


@pytest.mark.parametrize(
    ("key", "image", "server"),
    [
        ("https://index.docker.io/v1", "acme/web:1", "https://index.docker.io/v1/"),
        ("hub.docker.com", "acme/web:1", "https://index.docker.io/v1/"),
        ("oci://ghcr.io", "ghcr.io/acme/web:1", "ghcr.io"),
        ("GHCR.io", "ghcr.io/acme/web:1", "ghcr.io"),
        ("ghcr.io/acme/web:1", "ghcr.io/acme/web:1", "ghcr.io"),
    ],
)
def test_a_key_that_matches_nothing_is_the_cause_for_its_registry(key: str, image: str, server: str) -> None:
    (only,) = attached(config(key), container(image, UNAUTHORIZED))
    assert (only.check.code, only.severity, only.pods) == ("secret-key-never-matches", Severity.ERROR, 1)
    assert only.message.startswith(f"the key '{key}' serves no image")
    assert f"--docker-server={server} " in only.fix


def test_a_key_that_matches_nothing_is_a_warning_where_nothing_fails_because_of_it() -> None:
    content = config("oci://quay.io", "ghcr.io")
    findings = attached(content)
    assert codes(findings) == ["pod-unauthorized", "secret-key-never-matches"]
    assert the("secret-key-never-matches", findings).severity is Severity.WARNING
    assert the("secret-key-never-matches", unnamed(content)).message.endswith("nothing names it")


def test_a_key_that_matches_nothing_is_no_cause_for_another_registry() -> None:
    assert codes(attached(config("oci://quay.io"))) == ["pod-no-credential", "secret-key-never-matches"]


def test_what_a_key_holds_before_an_at_sign_is_not_shown() -> None:
    dead = the("secret-key-never-matches", unnamed(config("oci://bot:hush-hush@ghcr.io")))
    assert dead.message.startswith("the key 'ghcr.io' serves no image")


def test_keys_that_a_kubelet_takes_are_no_finding() -> None:
    for key in (
        "https://index.docker.io/v1/",
        "docker.io",
        "https://ghcr.io/v2/",
        "quay.io/acme/",
        "*.azurecr.io/acme/",
        "registry:5000",
    ):
        assert unnamed(config(key)) == []


@pytest.mark.parametrize("content", [b"", b"{}", b'{"auths": {}}', b'{"credsStore": "desktop"}'])
def test_an_empty_secret(content: bytes) -> None:
    failing = the("secret-empty", attached(content))
    assert (failing.severity, failing.pods) == (Severity.ERROR, 1)
    assert the("secret-empty", attached(content, RUNS)).severity is Severity.WARNING


@pytest.mark.parametrize(
    "entry", [{}, {"username": "bot"}, {"auth": auth("bot", ""), "identitytoken": "x"}, {"password": "hush-hush"}]
)
def test_an_entry_without_a_login(entry: dict[str, str]) -> None:
    content = config("quay.io", **{"ghcr.io": entry})
    failing = the("secret-empty", attached(content))
    assert failing.message.startswith("'ghcr.io' has no user name, or no password; Deployment web can't pull")
    assert "secret-empty" not in [
        finding.check.code
        for finding in attached(content, container("quay.io/acme/db:1", UNAUTHORIZED))
        if finding.severity is Severity.ERROR
    ]


def test_two_spellings_of_one_registry_with_different_logins() -> None:
    content = config(**{"ghcr.io": login("a", "one-password"), "https://ghcr.io/": login("b", "another")})
    failing = the("secret-entry-shadowed", attached(content))
    assert (failing.severity, failing.pods) == (Severity.ERROR, 1)
    assert "'ghcr.io', 'https://ghcr.io/'" in failing.message
    assert the("secret-entry-shadowed", attached(content, RUNS)).severity is Severity.WARNING


def test_a_key_that_stands_twice_with_different_logins() -> None:
    entries = [json.dumps({"ghcr.io": login(user)})[1:-1] for user in ("a", "b")]
    content = ('{"auths": {' + ", ".join(entries) + "}}").encode()
    assert codes(unnamed(content)) == ["secret-entry-shadowed"]


def test_docker_hub_under_both_of_its_names_with_different_logins() -> None:
    content = config(**{"docker.io": login("a"), "https://index.docker.io/v1/": login("b")})
    (only,) = unnamed(content)
    assert only.check.code == "secret-entry-shadowed"
    assert unnamed(config("docker.io", "https://index.docker.io/v1/")) == []


def test_two_spellings_with_one_login_and_two_registries_are_no_finding() -> None:
    assert unnamed(config("ghcr.io", "https://ghcr.io")) == []
    assert unnamed(config(**{"ghcr.io": login("a"), "ghcr.io/acme": login("b")})) == []


def expired(days: float, annotation: str = "") -> dict[str, Any]:
    return {"annotations": {"image-pull-secrets/expires": annotation or (NOW + days * DAY).isoformat()}}


def test_an_expired_token_is_an_error_wherever_it_is_named() -> None:
    failing = the("secret-token-expired", attached(**expired(-2)))
    assert (failing.severity, failing.pods) == (Severity.ERROR, 1)
    assert failing.message.startswith(
        "the token of 'ghcr.io' (user 'bot') expired on 2026-02-27 at 12:00 UTC; Deployment web can't pull"
    )
    running = the("secret-token-expired", attached(image=RUNS, **expired(-2)))
    assert (running.severity, running.pods) == (Severity.ERROR, 1)
    unused = the("secret-token-expired", found(account(), secret(**expired(-2))))
    assert unused.severity is Severity.WARNING


def test_a_token_that_expires_soon_is_a_warning_and_explains_nothing() -> None:
    findings = attached(**expired(2))
    assert codes(findings) == ["pod-unauthorized", "secret-token-expiring"]
    soon = the("secret-token-expiring", findings)
    assert (soon.severity, soon.pods) == (Severity.WARNING, 1)
    assert "expires on 2026-03-03 at 12:00 UTC" in soon.message
    assert the("secret-token-expiring", found(account(), secret(**expired(2)))).severity is Severity.NOTE


def test_a_token_that_lasts_is_no_finding() -> None:
    assert attached(image=RUNS, **expired(4)) == []
    assert attached(image=RUNS, **expired(0, "soon")) == []


def test_an_expired_token_is_no_cause_for_another_registry() -> None:
    findings = attached(image=container("quay.io/acme/db:1", UNAUTHORIZED), **expired(-1))
    assert codes(findings) == ["pod-no-credential", "secret-token-expired"]


EXPIRED = {"image-pull-secrets/expires": (NOW - DAY).isoformat()}
LEGACY_ENTRIES = {"ghcr.io": login(), "quay.io": login()}


def fix_of_expired(content: bytes, **others: Any) -> str:
    return the("secret-token-expired", attached(content, **{"annotations": EXPIRED, **others})).fix


def test_a_secret_with_one_login_is_replaced_by_one() -> None:
    assert fix_of_expired(config("ghcr.io")) == (
        "kubectl -n shop create secret docker-registry regcred --docker-server=REGISTRY --docker-username=USER "
        "--docker-password=PASSWORD --dry-run=client -o yaml | kubectl apply -f -"
    )
    shadowed = config(**{"ghcr.io": login("a"), "https://ghcr.io": login("b")})
    assert " docker-registry regcred " in the("secret-entry-shadowed", unnamed(shadowed)).fix


WHOLE = (
    "kubectl -n shop create secret generic regcred --type=kubernetes.io/dockerconfigjson "
    "--from-file=.dockerconfigjson=FILE --dry-run=client -o yaml | kubectl apply -f -  # FILE: JSON of all its logins"
)


def test_a_secret_with_several_logins_is_written_as_a_whole_lest_the_good_ones_are_lost() -> None:
    assert fix_of_expired(config("ghcr.io", "quay.io")) == WHOLE
    assert the("secret-key-never-matches", unnamed(config("oci://quay.io", "ghcr.io"))).fix == WHOLE


@pytest.mark.parametrize("entry", [{"auth": "!"}, "hush"])
def test_a_secret_that_fails_may_have_several_logins(entry: Any) -> None:
    (only,) = unnamed(config("quay.io", **{"ghcr.io": entry}))
    assert only.fix == WHOLE


def test_a_secret_that_a_stack_made_is_mended_in_the_stack() -> None:
    owned = {**EXPIRED, "image-pull-secrets/owner": "acme.prod.pulls"}
    fix = "pulumi up --refresh  # of acme.prod.pulls, which wrote regcred; correct its registries first"
    assert fix_of_expired(config("ghcr.io"), annotations=owned) == fix
    assert fix_of_expired(config("ghcr.io", "quay.io"), annotations=owned) == fix


def test_a_legacy_secret_is_replaced_by_another_since_no_type_can_be_changed() -> None:
    one, all_ = (json.dumps(entries).encode() for entries in ({"ghcr.io": login()}, LEGACY_ENTRIES))
    assert fix_of_expired(one, type_=LEGACY) == (
        "kubectl -n shop create secret docker-registry SECRET --docker-server=REGISTRY --docker-username=USER "
        "--docker-password=PASSWORD  # and name it in the list in place of regcred"
    )
    assert fix_of_expired(all_, type_=LEGACY) == (
        "kubectl -n shop create secret generic SECRET --type=kubernetes.io/dockerconfigjson "
        "--from-file=.dockerconfigjson=FILE  "
        "# and name it in the list in place of regcred; FILE: JSON of all its logins"
    )


def test_a_legacy_secret_is_read_as_one() -> None:
    content = json.dumps({"ghcr.io": login()}).encode()
    assert attached(content, RUNS, type_="kubernetes.io/dockercfg") == []
    assert codes(attached(content, type_="kubernetes.io/dockercfg")) == ["pod-unauthorized"]
