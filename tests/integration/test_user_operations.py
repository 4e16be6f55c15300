"""What people type besides up: destroy and refresh in their kinds, parts of a stack, an import, a smaller stack."""

import json
import subprocess
from collections.abc import Iterator
from concurrent import futures

import grpc
import pytest
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

from sandbox.engine import Engine
from tests.integration.live import LiveCluster
from tests.integration.program import ProgramStack
from tests.integration.test_p11_foreign_secret import create_by_hand

SECRET = "Secret"
PATCH = "ServiceAccountPatch"


def urn(stack: ProgramStack, kind: str, place: str) -> str:
    """Of a Secret, or the patch of an account, at namespace/name."""
    parent = "image-pull-secrets:index:ImagePullSecrets"
    return f"urn:pulumi:{stack.name}::image-pull-secrets::{parent}$kubernetes:core/v1:{kind}::pulls/{place}"


def content(cluster: LiveCluster, namespace: str, name: str = "regcred") -> str:
    return str(cluster.docker_config(namespace, name)["auths"]["ghcr.io"]["password"])


def names_of(cluster: LiveCluster, namespace: str) -> set[str]:
    return {item.metadata.name for item in cluster.api.list_namespaced_secret(namespace).items}


@pytest.fixture
def two(cluster: LiveCluster, stack: ProgramStack) -> tuple[str, str]:
    """Two namespaces that the stack is up in; somebody else's entry is on the first one's account."""
    first, second = cluster.new_namespace(), cluster.new_namespace()
    cluster.set_pull_secrets(first, "default", "theirs")
    stack.config["namespaces"] = [{"name": first}, {"name": second}]
    assert not stack.up().failed
    return first, second


def test_a_refresh_alone_changes_nothing_in_the_cluster_and_the_up_after_it_mends(
    cluster: LiveCluster, stack: ProgramStack, two: tuple[str, str]
) -> None:
    first, second = two
    cluster.set_pull_secrets(first, "default", "theirs")
    cluster.kubectl("delete", "secret", "regcred", "-n", second)

    refreshed = stack.refresh()

    assert not refreshed.failed, refreshed.output
    assert refreshed.changed == {"update": 1, "delete": 1}
    assert cluster.pull_secrets(first) == ["theirs"]
    assert cluster.secret(second, "regcred") is None
    assert stack.up().changed == {"update": 1, "create": 1}
    assert cluster.pull_secrets(first) == ["theirs", "regcred"]
    assert content(cluster, second) == stack.password


def test_a_destroy_that_runs_the_program_leaves_what_a_plain_one_leaves(
    cluster: LiveCluster, stack: ProgramStack, two: tuple[str, str]
) -> None:
    first, second = two

    destroyed = stack.run("destroy", run_program=True)

    assert not destroyed.failed, destroyed.output
    assert cluster.pull_secrets(first) == ["theirs", "regcred"]
    assert "imagePullSecrets" not in cluster.account(second, "default")
    assert "annotations" not in cluster.account(second, "default")["metadata"]
    assert cluster.secret(first, "regcred") is cluster.secret(second, "regcred") is None


def test_a_destroy_that_runs_the_program_is_refused_where_an_up_is_and_a_plain_one_is_not(
    cluster: LiveCluster, stack: ProgramStack
) -> None:
    kept, gone = cluster.new_namespace("builder"), cluster.new_namespace()
    stack.config["namespaces"] = [{"name": kept, "serviceAccounts": ["default", "builder"]}, {"name": gone}]
    stack.up()
    cluster.kubectl("delete", "serviceaccount", "builder", "-n", kept)
    cluster.delete_namespace(gone)

    refused = stack.run("destroy", run_program=True)

    assert refused.failed
    assert f'namespace "{gone}" does not exist' in refused.output
    assert f'ServiceAccount "builder" does not exist in namespace "{kept}"' in refused.output
    assert cluster.pull_secrets(kept) == ["regcred"]
    assert content(cluster, kept) == stack.password
    destroyed = stack.destroy()
    assert not destroyed.failed, destroyed.output
    assert cluster.pull_secrets(kept) == []
    assert cluster.secret(kept, "regcred") is None


def test_one_secret_alone_can_be_rotated(cluster: LiveCluster, stack: ProgramStack, two: tuple[str, str]) -> None:
    first, second = two
    before = stack.password
    stack.password += "-rotated"

    up = stack.up(target=[urn(stack, SECRET, f"{first}/regcred")])

    assert not up.failed, up.output
    assert up.changed == {"update": 1}
    assert content(cluster, first) == stack.password
    assert content(cluster, second) == before
    assert stack.up().changed == {"update": 1}
    assert content(cluster, second) == stack.password


def test_a_part_of_a_rename_leaves_no_account_without_its_secret(
    cluster: LiveCluster, stack: ProgramStack, two: tuple[str, str]
) -> None:
    first, second = two
    stack.config["secretName"] = "regcred-2"

    # Not a Secret that an account still names, though its dependents are asked for as well.
    assert stack.up(target=[urn(stack, SECRET, f"{first}/regcred")], target_dependents=True).changed == {}
    assert cluster.pull_secrets(first) == ["theirs", "regcred"]
    assert names_of(cluster, first) == {"regcred"}

    # One namespace whole.
    assert not stack.up(target=[f"**pulls/{first}/**"]).failed
    assert cluster.pull_secrets(first) == ["theirs", "regcred-2"]
    assert cluster.pull_secrets(second) == ["regcred"]
    assert [names_of(cluster, namespace) for namespace in two] == [{"regcred-2"}, {"regcred"}]

    # All but one account: its old Secret waits for it.
    assert not stack.up(exclude=[urn(stack, PATCH, f"{second}/default")]).failed
    assert cluster.pull_secrets(second) == ["regcred"]
    assert names_of(cluster, second) == {"regcred", "regcred-2"}

    assert not stack.up().failed
    assert cluster.pull_secrets(second) == ["regcred-2"]
    assert names_of(cluster, second) == {"regcred-2"}
    assert stack.preview().changed == {}


def test_a_patch_alone_is_refused_where_its_new_secret_is_not_there(
    cluster: LiveCluster, stack: ProgramStack, two: tuple[str, str]
) -> None:
    first, _ = two
    stack.config["secretName"] = "regcred-2"

    refused = stack.up(target=[urn(stack, PATCH, f"{first}/default")])

    assert refused.failed
    assert f"depends on '{urn(stack, SECRET, f'{first}/regcred-2')}'" in refused.output
    assert cluster.pull_secrets(first) == ["theirs", "regcred"]
    assert names_of(cluster, first) == {"regcred"}
    assert not stack.up().failed
    assert cluster.pull_secrets(first) == ["theirs", "regcred-2"]


def test_one_secret_alone_is_destroyed_only_with_the_patches_that_name_it(
    cluster: LiveCluster, stack: ProgramStack, two: tuple[str, str]
) -> None:
    first, second = two
    secret = urn(stack, SECRET, f"{second}/regcred")

    refused = stack.run("destroy", target=[secret])
    assert refused.failed
    assert cluster.pull_secrets(second) == ["regcred"]
    assert names_of(cluster, second) == {"regcred"}

    destroyed = stack.run("destroy", target=[secret], target_dependents=True)
    assert not destroyed.failed, destroyed.output
    assert cluster.pull_secrets(second) == []
    assert names_of(cluster, second) == set()
    assert cluster.pull_secrets(first) == ["theirs", "regcred"]

    assert stack.up().changed == {"create": 2}
    assert cluster.pull_secrets(second) == ["regcred"]


def test_a_smaller_stack_with_a_new_name_and_password_and_a_namespace_that_is_going(
    cluster: LiveCluster, stack: ProgramStack
) -> None:
    staying, leaving, going = (cluster.new_namespace("builder") for _ in range(3))
    cluster.create_account(staying, "former", "theirs")
    for namespace in (staying, leaving, going):
        cluster.set_pull_secrets(namespace, "builder", "theirs")
    left = [(staying, "former"), (staying, "builder"), (leaving, "default"), (leaving, "builder")]
    before = [cluster.account(*place) for place in left]
    both = ["default", "builder"]
    stack.config["namespaces"] = [
        {"name": staying, "serviceAccounts": [*both, "former"]},
        {"name": leaving, "serviceAccounts": both},
        {"name": going, "serviceAccounts": both},
    ]
    assert not stack.up().failed
    hold(cluster, going, "builder", "example.com/hold")
    cluster.api.delete_namespace(going)
    cluster.wait_for(lambda: names_of(cluster, going) == set())

    stack.config |= {"namespaces": [{"name": staying}], "secretName": "regcred-2"}
    stack.password += "-rotated"
    preview, up = stack.preview(), stack.up()

    assert not up.failed, up.output
    assert preview.changed == up.changed
    assert [cluster.account(*place) for place in left] == before
    assert cluster.pull_secrets(going, "builder") == ["theirs"]
    assert cluster.pull_secrets(staying) == ["regcred-2"]
    assert content(cluster, staying, "regcred-2") == stack.password
    assert [names_of(cluster, name) for name in (staying, leaving)] == [{"regcred-2"}, set()]

    hold(cluster, going, "builder")
    cluster.wait_for(lambda: going not in {item.metadata.name for item in cluster.api.list_namespace().items})
    assert not stack.up().failed
    assert stack.preview().changed == {}
    assert [cluster.account(*place) for place in left] == before


def hold(cluster: LiveCluster, namespace: str, account: str, *finalizers: str) -> None:
    """Keeps an account, and so its namespace, in Terminating until it is let go."""
    patch = json.dumps({"metadata": {"finalizers": finalizers or None}})
    cluster.kubectl("patch", "serviceaccount", account, "-n", namespace, "--type=merge", "-p", patch)


class Silent(language_pb2_grpc.LanguageRuntimeServicer):
    """A language host that has nothing to say: import wants one, though it generates no code here."""

    def Handshake(self, *_: object) -> language_pb2.LanguageHandshakeResponse:  # noqa: N802
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, *_: object) -> plugin_pb2.PluginInfo:  # noqa: N802
        return plugin_pb2.PluginInfo(version="1.0.0")

    def GetRequiredPackages(self, *_: object) -> language_pb2.GetRequiredPackagesResponse:  # noqa: N802
        return language_pb2.GetRequiredPackagesResponse()


@pytest.fixture
def language_host(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    server = grpc.server(futures.ThreadPoolExecutor(1))
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(Silent(), server)
    monkeypatch.setenv("PULUMI_DEBUG_LANGUAGES", f"python:{server.add_insecure_port('127.0.0.1:0')}")
    server.start()
    yield
    server.stop(grace=None).wait()


@pytest.mark.usefixtures("language_host")
def test_an_imported_secret_is_taken_over_in_place(
    cluster: LiveCluster, engine: Engine, stack: ProgramStack, two: tuple[str, str]
) -> None:
    namespace = cluster.new_namespace()
    create_by_hand(cluster, namespace)
    before = cluster.secret(namespace, "regcred")
    assert before is not None
    deployment = json.loads(engine.run(["stack", "export", "--stack", stack.name]).stdout)["deployment"]
    urns = {resource["urn"].rpartition("::")[2]: resource["urn"] for resource in deployment["resources"]}
    try:
        engine.run([
            "import", "kubernetes:core/v1:Secret", f"pulls/{namespace}/regcred", f"{namespace}/regcred",
            "--parent", f"pulls={urns['pulls']}", "--provider", f"cluster={urns['cluster']}",
            "--generate-code=false", "--yes", "--skip-preview", "--stack", stack.name,
        ])  # fmt: skip
    except subprocess.CalledProcessError as error:
        pytest.fail(error.stdout + error.stderr)
    assert cluster.secret(namespace, "regcred") == before

    stack.config["namespaces"].append({"name": namespace})
    refused = stack.preview()
    assert refused.failed
    assert f'Secret "{namespace}/regcred" exists and was made by somebody else' in refused.output
    stack.config["adopt"] = True
    up = stack.up()

    assert not up.failed, up.output
    assert up.changed == {"update": 1, "create": 1}
    after = cluster.secret(namespace, "regcred")
    assert after is not None
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert content(cluster, namespace) == stack.password
    assert stack.preview().changed == {}
