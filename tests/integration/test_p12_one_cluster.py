"""P12: a stack touches only the cluster that its configuration names, whatever context is current."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.live import CONTEXT, LiveCluster
from tests.integration.program import ProgramStack


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
