"""What a stack doesn't list, though pods there need it."""

from pulumi_image_pull_secrets.doctor.findings import Severity
from pulumi_image_pull_secrets.doctor.observation import StackCoverage

from tests.unit.doctor.observed import (
    NOT_FOUND,
    UNAUTHORIZED,
    account,
    codes,
    container,
    deployment,
    found,
    pod,
    secret,
    the,
)

REFUSED = container(said=UNAUTHORIZED)
FILE = "Pulumi.prod.yaml"


def stack(*keys: str, **accounts: tuple[str, ...]) -> StackCoverage:
    return StackCoverage(FILE, {name: frozenset(names) for name, names in accounts.items()}, keys)


def test_a_namespace_whose_pods_need_the_stacks_login() -> None:
    (only,) = found(account(), pod(REFUSED), deployment(), coverage=stack("ghcr.io", other=("default",)))
    assert (only.check.code, only.severity, only.pods) == ("coverage-namespace", Severity.ERROR, 1)
    assert (only.namespace, only.kind, only.name) == ("shop", "Namespace", "shop")
    assert only.message.startswith(
        "Pulumi.prod.yaml doesn't list it, and pods of ServiceAccount default pull ghcr.io/acme/web:1; Deployment web"
    )
    assert only.fix == (
        "add to image-pull-secrets:namespaces in Pulumi.prod.yaml: {name: shop, serviceAccounts: [default]}"
    )


def test_all_accounts_of_a_namespace_are_one_finding() -> None:
    pods = [pod(account=name, owner=("StatefulSet", name), name=f"{name}-0") for name in ("b", "a")]
    (only,) = found(*pods, coverage=stack("ghcr.io"))
    assert (only.severity, only.pods) == (Severity.NOTE, 2)
    assert only.fix.endswith("{name: shop, serviceAccounts: [a, b]}")


def test_an_account_in_a_listed_namespace() -> None:
    (only,) = found(
        account(name="builder"), pod(REFUSED, account="builder"), coverage=stack("ghcr.io", shop=("default",))
    )
    assert (only.check.code, only.severity, only.pods) == ("coverage-account", Severity.ERROR, 1)
    assert (only.kind, only.name) == ("ServiceAccount", "builder")
    assert only.fix == f"add builder to serviceAccounts of shop, in image-pull-secrets:namespaces of {FILE}"


def test_pods_that_run_are_a_note() -> None:
    (only,) = found(account(), pod(), coverage=stack("ghcr.io", shop=()))
    assert (only.check.code, only.severity) == ("coverage-account", Severity.NOTE)


def test_what_the_stack_lists_does_not_serve_or_is_served_already_is_no_finding() -> None:
    assert found(account(), pod(), coverage=stack("ghcr.io", shop=("default",))) == []
    assert found(account(), pod(), coverage=stack("quay.io")) == []
    served = (account("mine"), secret("mine"), pod(pull_secrets=["mine"]), deployment())
    assert found(*served, coverage=stack("ghcr.io")) == []


def test_without_a_stack_nothing_is_said_of_one() -> None:
    assert codes(found(account(), pod(REFUSED))) == ["account-without-secret"]


def test_a_stack_whose_registries_are_not_known_may_serve_what_is_refused() -> None:
    assert codes(found(account(), pod(REFUSED), coverage=stack())) == ["coverage-namespace"]
    assert codes(found(account(), pod(container(said=NOT_FOUND)), coverage=stack())) == ["pod-image-not-found"]
    assert found(account(), pod(), coverage=stack()) == []


def test_an_image_that_the_stack_does_not_serve_is_told_of_its_account() -> None:
    both = pod(REFUSED, container("quay.io/acme/db:1", UNAUTHORIZED, name="db"))
    assert codes(found(account(), both, coverage=stack("ghcr.io"))) == ["account-without-secret", "coverage-namespace"]


def test_where_secrets_were_not_read_nobody_says_that_pods_lack_a_login() -> None:
    listing = pod(REFUSED, pull_secrets=["mine"])
    assert codes(found(listing, coverage=stack("ghcr.io"), secrets_known_in=frozenset())) == ["pod-unauthorized"]


def test_a_covered_account_that_has_no_login_yet_is_told_as_without_one() -> None:
    findings = found(account(), pod(REFUSED), coverage=stack("ghcr.io", shop=("default",)))
    assert codes(findings) == ["account-without-secret"]


def test_a_static_pod_has_no_account_that_a_stack_could_list() -> None:
    mirror = pod(REFUSED, account="", owner=("Node", "node-1"), is_mirror=True)
    for coverage in (stack("ghcr.io", shop=("default",)), stack("ghcr.io", other=("default",))):
        assert codes(found(account(), mirror, coverage=coverage)) == ["pod-no-credential"]
    using = pod(name="app", owner=("StatefulSet", "app"))
    findings = found(account(), mirror, using, coverage=stack("ghcr.io"))
    assert the("pod-no-credential", findings).pods == 1
    assert the("coverage-namespace", findings).pods == 1
