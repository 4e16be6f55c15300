"""``pull-secrets preview`` on previews of the real engine, one of each kind of change.

SAVE_DOCUMENTS=1 keeps the engine's documents, without what differs at each run, for the unit tests' snapshots.
"""

import pulumi
import pulumi_kubernetes
import yaml
from pulumi_image_pull_secrets import ImagePullSecrets

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


def test_a_provider_that_replaces_secrets_is_a_risk(
    cluster: LiveCluster, stack: ProgramStack, reviewer: Reviewer
) -> None:
    shop = cluster.new_namespace()
    reviewer.names[shop] = "shop"

    def program() -> None:
        provider = pulumi_kubernetes.Provider(
            "own", kubeconfig=str(cluster.admin_kubeconfig), context=CONTEXT, enable_patch_force=True
        )
        ImagePullSecrets(
            "pulls",
            {
                "secret_name": "regcred",
                "registries": [{"server": "ghcr.io", "username": "bot", "password": stack.password}],
                "namespaces": [{"name": shop}],
            },
            pulumi.ResourceOptions(provider=provider),
        )
        pulumi_kubernetes.core.v1.ConfigMap(
            "other", metadata={"name": "other", "namespace": shop}, opts=pulumi.ResourceOptions(provider=provider)
        )

    stack.program = lambda: program
    stack.config["namespaces"] = [{"name": shop}]
    first, *_, last = reviewer.lines(stack, "")
    assert first == "prod: 1 Secret created, 1 ServiceAccount attached; 1 change elsewhere"
    assert last == "  Not about image pull secrets: 1 to create"
    assert not stack.up().failed
    stack.password += "-rotated"
    assert reviewer.lines(stack, "imported-replaced") == [
        "prod: 1 Secret replaced",
        "  risk: a Secret is deleted and made anew, and pulls in between fail: shop/regcred; a provider with "
        "enable_secret_mutable changes it in place",
        "  shop",
        "    ± Secret regcred: deleted and made anew",
    ]
