"""Which cluster a command looks at."""

import os
from pathlib import Path

import pytest
from pulumi_image_pull_secrets import kubeconfig
from pulumi_image_pull_secrets.command_line.cluster import Cluster
from pulumi_image_pull_secrets.errors import KubeconfigError


def file(path: Path, current: str = "", namespace: str = "") -> Path:
    path.write_text(
        f"current-context: '{current}'\n"
        f"contexts: [{{name: a, context: {{cluster: c, namespace: '{namespace}'}}}}]\n"
        "clusters: [{name: c, cluster: {server: 'https://192.0.2.1'}}]\n"
    )
    return path


def test_the_named_context_counts_and_else_the_first_that_a_file_has_as_current(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [file(tmp_path / "1"), file(tmp_path / "2", "two"), file(tmp_path / "3", "three")]
    environ = {"KUBECONFIG": os.pathsep.join(map(str, [tmp_path / "gone", *files]))}
    assert kubeconfig.current_context(environ=environ) == "two"
    assert kubeconfig.current_context(str(files[2]), environ) == "three"
    monkeypatch.setenv("KUBECONFIG", environ["KUBECONFIG"])
    assert Cluster.of(None, None) == Cluster("two")
    assert Cluster.of("named", None) == Cluster("named")
    assert Cluster.of(None, str(files[2])) == Cluster("three", str(files[2]))


def test_no_current_context_is_an_error_that_names_every_file(tmp_path: Path) -> None:
    files = [file(tmp_path / "1"), file(tmp_path / "2")]
    with pytest.raises(KubeconfigError) as caught:
        kubeconfig.current_context(environ={"KUBECONFIG": os.pathsep.join(map(str, files))})
    assert str(caught.value) == (
        f"there is no current context in the kubeconfig {files[0]}, the kubeconfig {files[1]}; name one with --context"
    )


def test_the_namespace_is_the_contexts_or_default(tmp_path: Path) -> None:
    assert Cluster("a", str(file(tmp_path / "1", namespace="shop"))).namespace == "shop"
    assert Cluster("a", str(file(tmp_path / "2"))).namespace == "default"
