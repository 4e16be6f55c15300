"""P12: a stack touches only the cluster that its configuration names, whatever context is current."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.live import CONTEXT, LiveCluster
from tests.integration.program import ProgramStack
from tests.integration.test_cluster_rights import NEEDED, user  # noqa: F401


@pytest.fixture
def kubeconfig(cluster: LiveCluster) -> dict[str, Any]:
    """The cluster's, with a current context that leads elsewhere."""
    content = yaml.safe_load(cluster.kubeconfig.read_text())
    elsewhere = copy.deepcopy(content["clusters"][0]) | {"name": "elsewhere"}
    elsewhere["cluster"]["server"] = "https://127.0.0.1:1"
    content["clusters"].append(elsewhere)
    content["contexts"].append({"name": "elsewhere", "context": {"cluster": "elsewhere", "user": "admin"}})
    return dict(content) | {"current-context": "elsewhere"}


def test_the_current_context_does_not_matter(
    cluster: LiveCluster, stack: ProgramStack, kubeconfig: dict[str, Any], tmp_path: Path
) -> None:
    namespace = cluster.new_namespace()
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(kubeconfig))
    stack.config |= {"kubeconfig": str(tmp_path / "kubeconfig"), "namespaces": [{"name": namespace}]}

    up = stack.up()

    assert not up.failed, up.output
    assert cluster.pull_secrets(namespace) == ["regcred"]
    assert not stack.destroy().failed
    assert cluster.pull_secrets(namespace) == []


def test_there_is_no_fall_back_to_the_current_context(
    cluster: LiveCluster, stack: ProgramStack, kubeconfig: dict[str, Any], tmp_path: Path
) -> None:
    namespace = cluster.new_namespace()
    kubeconfig["current-context"] = CONTEXT
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(kubeconfig))
    stack.config |= {
        "kubeconfig": str(tmp_path / "kubeconfig"),
        "namespaces": [{"name": namespace}],
        "context": "not-there",
    }

    preview, up = stack.preview(), stack.up()

    assert preview.failed
    assert up.failed
    assert 'context "not-there" is not in the kubeconfig' in up.output
    assert cluster.pull_secrets(namespace) == []


def test_a_kubeconfig_in_the_environment_is_searched_for_the_context_alone(
    cluster: LiveCluster, stack: ProgramStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    namespace = cluster.new_namespace()
    del stack.config["kubeconfig"]
    stack.config["namespaces"] = [{"name": namespace}]
    monkeypatch.setenv("KUBECONFIG", f"/does/not/exist:{cluster.kubeconfig}")

    up = stack.up()

    assert not up.failed, up.output
    assert cluster.pull_secrets(namespace) == ["regcred"]


def test_a_context_that_was_renamed_changes_nothing_in_its_cluster(
    cluster: LiveCluster, stack: ProgramStack, kubeconfig: dict[str, Any], tmp_path: Path
) -> None:
    namespace = cluster.new_namespace()
    kubeconfig["contexts"].append(kubeconfig["contexts"][0] | {"name": "renamed"})
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(kubeconfig))
    stack.config |= {"kubeconfig": str(tmp_path / "kubeconfig"), "namespaces": [{"name": namespace}]}
    stack.up()
    before = cluster.account(namespace, "default"), cluster.secret(namespace, "regcred")

    stack.config["context"] = "renamed"
    preview, up = stack.preview(), stack.up()

    assert not up.failed, up.output
    # That is the provider.
    assert preview.changed == up.changed == {"update": 1}
    assert (cluster.account(namespace, "default"), cluster.secret(namespace, "regcred")) == before
    assert stack.preview().changed == {}
    assert not stack.destroy().failed
    assert cluster.pull_secrets(namespace) == []


def test_a_move_to_another_cluster_takes_everything_along(
    cluster: LiveCluster, other_cluster: LiveCluster, stack: ProgramStack, tmp_path: Path
) -> None:
    """Where the kubeconfig has both, as long as the stack hasn't left the old one."""
    namespace = cluster.new_namespace()
    other_cluster.api.create_namespace({"metadata": {"name": namespace}})
    other_cluster.wait_for(lambda: other_cluster.account(namespace, "default"))
    for each in (cluster, other_cluster):
        each.set_pull_secrets(namespace, "default", "theirs")
    content, other = (yaml.safe_load(each.kubeconfig.read_text()) for each in (cluster, other_cluster))
    for kind in ("clusters", "users", "contexts"):
        content[kind].append(other[kind][0] | {"name": "other"})
    content["contexts"][-1]["context"] = {"cluster": "other", "user": "other"}
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(content))
    stack.config |= {"kubeconfig": str(tmp_path / "kubeconfig"), "namespaces": [{"name": namespace}]}
    assert not stack.up().failed

    stack.config["context"] = "other"
    preview, up = stack.preview(), stack.up()

    assert not up.failed, up.output
    assert preview.changed == up.changed
    assert other_cluster.pull_secrets(namespace) == ["theirs", "regcred"]
    assert cluster.secret(namespace, "regcred") is None
    assert cluster.pull_secrets(namespace)[0] == "theirs"
    assert stack.preview().changed == {}


def written_anew(kubeconfig: Path, target: Path) -> str:
    """The path of a kubeconfig for the same cluster, by another name of the same server."""
    text = kubeconfig.read_text()
    assert "https://127.0.0.1:" in text
    target.write_text(text.replace("https://127.0.0.1:", "https://localhost:"))
    return str(target)


def test_a_kubeconfig_that_is_written_anew_leads_to_the_same_cluster(
    cluster: LiveCluster, stack: ProgramStack, tmp_path: Path
) -> None:
    namespace = cluster.new_namespace()
    made = f"{namespace}-made"
    stack.config["namespaces"] = [{"name": namespace}, {"name": made, "create": True}]
    assert not stack.up().failed
    before = uids(cluster, namespace, made)
    stack.config["kubeconfig"] = written_anew(cluster.kubeconfig, tmp_path / "anew")

    up = stack.up()

    assert up.changed == {"update": 1}, up.output
    assert uids(cluster, namespace, made) == before
    assert stack.preview().changed == {}


def uids(cluster: LiveCluster, namespace: str, made: str) -> list[str]:
    secrets = [cluster.secret(name, "regcred") or {"metadata": {"uid": ""}} for name in (namespace, made)]
    return [cluster.api.read_namespace(made).metadata.uid, *(each["metadata"]["uid"] for each in secrets)]


def test_where_the_cluster_cannot_be_told_from_others_everything_is_there_in_the_end(
    cluster: LiveCluster,
    stack: ProgramStack,
    user: Callable[..., Path],  # noqa: F811
    tmp_path: Path,
) -> None:
    namespace = cluster.new_namespace("builder")
    cluster.set_pull_secrets(namespace, "builder", "theirs")
    kubeconfig = user([namespace], [*NEEDED, ("get", "namespaces")])
    stack.config |= {
        "namespaces": [{"name": namespace, "serviceAccounts": ["default", "builder"]}],
        "kubeconfig": str(kubeconfig),
    }
    assert not stack.up().failed
    stack.config["kubeconfig"] = written_anew(kubeconfig, tmp_path / "anew")

    up = stack.up()

    assert not up.failed, up.output
    assert "replace" in up.changed
    assert cluster.secret(namespace, "regcred") is not None
    assert cluster.pull_secrets(namespace) == ["regcred"]
    assert cluster.pull_secrets(namespace, "builder") == ["theirs", "regcred"]
    # The manager of the patch that was replaced still holds the annotation: one more, as after any such loss.
    assert not stack.up().failed
    assert stack.preview().changed == {}
    assert cluster.pull_secrets(namespace, "builder") == ["theirs", "regcred"]


def test_a_cluster_that_was_made_anew_under_the_same_name_gets_everything(
    cluster: LiveCluster, other_cluster: LiveCluster, stack: ProgramStack, tmp_path: Path
) -> None:
    namespace = cluster.new_namespace()
    other_cluster.api.create_namespace({"metadata": {"name": namespace}})
    other_cluster.wait_for(lambda: other_cluster.account(namespace, "default"))
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(cluster.kubeconfig.read_text())
    stack.config |= {"namespaces": [{"name": namespace}], "kubeconfig": str(kubeconfig)}
    assert not stack.up().failed
    kubeconfig.write_text(other_cluster.kubeconfig.read_text())

    up = stack.up()

    assert not up.failed, up.output
    assert stack.preview().changed == {}
    assert other_cluster.pull_secrets(namespace) == ["regcred"]
    assert other_cluster.secret(namespace, "regcred") is not None
    assert cluster.secret(namespace, "regcred") is not None
