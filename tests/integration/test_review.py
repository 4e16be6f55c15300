"""``pull-secrets preview`` on previews of the real engine, one of each kind of change.

SAVE_DOCUMENTS=1 keeps the engine's documents, without what differs at each run, for the unit tests' snapshots.
"""

import copy
from pathlib import Path

import pytest
import yaml
from pulumi_image_pull_secrets.command_line import app
from typer.testing import CliRunner

from sandbox.engine import Engine
from tests.integration.importing import import_components
from tests.integration.live import CONTEXT, LiveCluster
from tests.integration.program import ProgramStack
from tests.integration.reviewer import Reviewer

ODD = "x|y`z @someone <b>"
"""What ``imagePullSecrets`` can hold: names there aren't checked by the API server."""

_DELETED = (
    "a pod keeps the names that it was created with, and no preview knows the pods, so look for them with --pods, or "
    "keep the Secret with retiredSecretNames"
)


@pytest.fixture
def reviewer(parts: dict[str, Path], engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reviewer:
    monkeypatch.setenv("COLUMNS", "1000")
    return Reviewer(parts["pulumi"], engine, tmp_path, monkeypatch)


def test_each_kind_of_change_of_the_program(cluster: LiveCluster, stack: ProgramStack, reviewer: Reviewer) -> None:
    shop, web = sorted((cluster.new_namespace("builder"), cluster.new_namespace("builder")))
    made = f"{web}-made"
    reviewer.names |= {shop: "shop", web: "web"}
    cluster.set_pull_secrets(shop, "builder", "theirs")

    def told(kind: str, headline: str, *lines: str, up: bool = True) -> None:
        assert reviewer.lines(stack, kind) == [f"prod: {headline}", *(f"  {line}" for line in lines)], kind
        if up:
            outcome = stack.up()
            assert not outcome.failed, outcome.output

    both = ["default", "builder"]
    stack.config["namespaces"] = [{"name": shop, "serviceAccounts": both}, {"name": web}]
    told(
        "attached",
        "2 Secrets created, 3 ServiceAccounts attached",
        "shop",
        "  + Secret regcred: created",
        "  + ServiceAccount builder: regcred attached; also there: theirs",
        "  + ServiceAccount default: regcred attached",
        "web",
        "  + Secret regcred: created",
        "  + ServiceAccount default: regcred attached",
    )
    told("nothing", "no changes", up=False)

    stack.password += "-rotated"
    told(
        "rotated",
        "2 Secrets rotated",
        "shop",
        "  ~ Secret regcred: password or registries changed",
        "web",
        "  ~ Secret regcred: password or registries changed",
    )
    renamed = (
        "shop",
        "  + Secret renamed: created, in place of regcred",
        "  ~ ServiceAccount builder: regcred → renamed; also there: theirs",
        "  ~ ServiceAccount default: regcred → renamed",
        "web",
        "  + Secret renamed: created, in place of regcred",
        "  ~ ServiceAccount default: regcred → renamed",
    )
    stack.config |= {"secretName": "renamed"}
    told(
        "renamed",
        "2 Secrets created, 2 Secrets deleted, 3 ServiceAccounts changed",
        f"risk: Secrets are deleted: shop/regcred, web/regcred; {_DELETED}",
        "shop",
        "  - Secret regcred: deleted; in its place comes renamed",
        *renamed[1:4],
        "web",
        "  - Secret regcred: deleted; in its place comes renamed",
        *renamed[5:],
        up=False,
    )
    stack.config |= {"retiredSecretNames": ["regcred"]}
    told("renamed-with-the-old-one-kept", "2 Secrets created, 3 ServiceAccounts changed", *renamed)

    stack.config["namespaces"].append({"name": made, "serviceAccounts": both, "create": True})
    del stack.config["retiredSecretNames"]
    told(
        "namespace-created",
        "1 namespace created, 1 Secret created, 2 Secrets deleted, 2 ServiceAccounts attached",
        f"risk: Secrets are deleted: shop/regcred, web/regcred; {_DELETED}",
        "shop",
        "  - Secret regcred: deleted",
        "web",
        "  - Secret regcred: deleted",
        "web-made",
        "  + Namespace web-made: created",
        "  + Secret renamed: created",
        "  + ServiceAccount builder: renamed attached",
        "  + ServiceAccount default: renamed attached",
    )
    cluster.set_pull_secrets(shop, "builder", "theirs", ODD)
    cluster.kubectl("delete", "secret", "renamed", "-n", web)
    told(
        "undone-by-hand",
        "1 Secret restored, 1 ServiceAccount attached",
        "shop",
        f"  ~ ServiceAccount builder: renamed attached; also there: theirs, {ODD}",
        "web",
        "  + Secret renamed: made again: it is in the stack, and gone from the cluster",
    )
    stack.config["namespaces"][0]["serviceAccounts"] = ["default"]
    told(
        "account-leaves",
        "1 ServiceAccount detached",
        "shop",
        f"  ~ ServiceAccount builder: renamed detached; also there: theirs, {ODD}",
    )
    del stack.config["namespaces"][1]
    told(
        "namespace-leaves",
        "1 Secret deleted, 1 ServiceAccount detached, 1 ServiceAccount forgotten",
        "risk: the list becomes empty, and new pods of the account pull without a credential: web/default",
        f"risk: a Secret is deleted: web/renamed; {_DELETED}",
        "shop",
        f"  · ServiceAccount builder: stays as it is, and the stack forgets it; also there: theirs, {ODD}",
        "web",
        "  - Secret renamed: deleted",
        "  - ServiceAccount default: renamed detached",
    )
    cluster.kubectl(
        "create", "secret", "docker-registry", "renamed", "-n", web, "--docker-username=a", "--docker-password=b"
    )
    kept = stack.config["namespaces"].pop()
    stack.config["namespaces"].append({"name": web})
    stack.config["adopt"] = True
    told(
        "adopted-and-namespace-deleted",
        "1 namespace deleted, 1 Secret created, 1 Secret deleted, 1 ServiceAccount attached, "
        "2 ServiceAccounts detached",
        "risk: a namespace is deleted with all that is in it: web-made",
        "note: adopt is on: what is created may be a Secret that somebody else made, and that is taken over: "
        "web/renamed",
        "web",
        "  + Secret renamed: created",
        "  + ServiceAccount default: renamed attached",
        "web-made",
        "  - Namespace web-made: deleted with all that is in it",
        "  - Secret renamed: deleted",
        "  - ServiceAccount builder: renamed detached",
        "  - ServiceAccount default: renamed detached",
        up=False,
    )
    stack.config["namespaces"] = [{"name": shop}, kept]
    stack.config["detach"] = True
    told(
        "detached",
        "3 ServiceAccounts detached",
        "risk: the list becomes empty, and new pods of the account pull without a credential: shop/default, "
        "web-made/builder, web-made/default",
        "shop",
        "  ~ ServiceAccount default: renamed detached",
        "web-made",
        "  ~ ServiceAccount builder: renamed detached",
        "  ~ ServiceAccount default: renamed detached",
        up=False,
    )
    stack.config["detach"] = False
    content = yaml.safe_load(cluster.kubeconfig.read_text())
    content["contexts"].append({**content["contexts"][0], "name": "elsewhere"})
    cluster.kubeconfig.with_name("two-contexts.kubeconfig").write_text(yaml.safe_dump(content))
    stack.config |= {"context": "elsewhere", "kubeconfig": str(cluster.kubeconfig.with_name("two-contexts.kubeconfig"))}
    told(
        "another-context",
        "another cluster",
        f"risk: the stack moves to another context, from {CONTEXT} to elsewhere",
        up=False,
    )


def test_each_kind_of_change_of_a_program_that_imports_the_component(
    cluster: LiveCluster, stack: ProgramStack, reviewer: Reviewer
) -> None:
    import_components(cluster, stack, "pulls")
    shop = cluster.new_namespace("builder")
    reviewer.names[shop] = "shop"
    cluster.set_pull_secrets(shop, "builder", "theirs")
    stack.config["namespaces"] = [{"name": shop, "serviceAccounts": ["default", "builder"]}]
    assert reviewer.lines(stack, "imported-attached") == [
        "prod: 1 Secret created, 2 ServiceAccounts attached",
        "  shop",
        "    + Secret regcred: created",
        "    + ServiceAccount builder: regcred attached; also there: theirs",
        "    + ServiceAccount default: regcred attached",
    ]
    assert not stack.up().failed
    stack.config["secretName"] = "renamed"
    assert reviewer.lines(stack, "imported-renamed") == [
        "prod: 1 Secret created, 1 Secret deleted, 2 ServiceAccounts changed",
        f"  risk: a Secret is deleted: shop/regcred; {_DELETED}",
        "  shop",
        "    - Secret regcred: deleted; in its place comes renamed",
        "    + Secret renamed: created, in place of regcred",
        "    ~ ServiceAccount builder: regcred → renamed; also there: theirs",
        "    ~ ServiceAccount default: regcred → renamed",
    ]


def test_a_preview_that_fails_says_why_in_the_words_of_the_program(
    cluster: LiveCluster, stack: ProgramStack, reviewer: Reviewer
) -> None:
    stack.config["namespaces"] = [{"name": "nowhere"}]
    result = reviewer.run(stack, "--format", "markdown", kind="failed")
    assert result.exit_code == 3
    assert f"<!-- image-pull-secrets preview: {stack.name} -->\n" in result.output
    assert result.output.count('namespace "nowhere" does not exist') == 1 + len(["standard error"])
    assert "an unhandled error" not in result.output


def test_where_the_engine_fails_before_it_previews_its_message_is_told(
    stack: ProgramStack, engine: Engine, parts: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.stack()
    for name, value in engine.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(engine.folder / "project")
    for arguments, message in (
        (["--stack", "no-such-stack"], "no-such-stack: the preview failed\n  error: no stack named"),
        # There is no Python language host on this machine.
        (["--stack", stack.name], "failed to load language plugin python"),
        ([], f"{stack.name}: the preview failed"),
    ):
        result = CliRunner().invoke(app, ["preview", *arguments])
        assert result.exit_code == 3
        assert message in result.output
        assert "Traceback" not in result.output
    (engine.folder / "home" / "workspaces").rename(tmp_path / "workspaces")
    result = CliRunner().invoke(app, ["preview"])
    assert result.exit_code == 3
    assert "say which one with --stack" in result.output


def create_pods(cluster: LiveCluster, namespace: str, *names: str) -> None:
    for name in names:
        spec = {"containers": [{"name": "main", "image": "registry.example/app"}]}
        # The account's list is copied in at admission.
        cluster.api.create_namespaced_pod(namespace, {"metadata": {"name": name}, "spec": spec})


def test_pods_that_name_a_secret_which_goes_are_counted(
    cluster: LiveCluster, stack: ProgramStack, reviewer: Reviewer
) -> None:
    namespace = cluster.new_namespace()
    stack.config["namespaces"] = [{"name": namespace}]
    assert not stack.up().failed
    create_pods(cluster, namespace, "one", "two")
    stack.config["secretName"] = "renamed"

    # Its user may not list pods.
    denied = reviewer.run(stack, "--pods").output
    assert "warning: no pods were looked at: " in denied
    assert 'cannot list resource "pods"' in denied
    assert f"risk: a Secret is deleted: {namespace}/regcred; " in denied

    stack.config["kubeconfig"] = str(cluster.admin_kubeconfig)
    assert f"risk: 2 pods name a Secret that is deleted, and the next pull of each fails: {namespace}/regcred; " in (
        reviewer.run(stack, "--pods").output
    )
    for name in ("one", "two"):
        cluster.api.delete_namespaced_pod(name, namespace, grace_period_seconds=0)
    assert "risk: a Secret is deleted" not in reviewer.run(stack, "--pods").output


def test_pods_are_counted_in_the_cluster_of_a_provider_where_the_settings_are_anothers(
    cluster: LiveCluster, stack: ProgramStack, reviewer: Reviewer
) -> None:
    namespace = cluster.new_namespace()
    stack.config = {"secretName": "regcred", "namespaces": [{"name": namespace}]}
    as_admin = copy.copy(cluster)
    as_admin.kubeconfig = cluster.admin_kubeconfig
    import_components(as_admin, stack, "pulls")
    assert not stack.up().failed
    create_pods(cluster, namespace, "one")
    stack.config["secretName"] = "renamed"
    assert "risk: 1 pod names a Secret that is deleted" in reviewer.run(stack, "--pods").output
