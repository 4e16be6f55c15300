"""deploy/operator: its objects on the real API server, and the program as the identity that they give it.

Of the Stack, the text alone is looked at. It was accepted once, by hand, by a real API server with the operator's CRDs
(2.9.0); the operator itself was not run.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox import stacks
from sandbox.engine import CHECKOUT
from tests.integration.live import LiveCluster
from tests.integration.program import ProgramStack

FILE = CHECKOUT / "deploy" / "operator" / "stack.yaml"
ADMISSION = FILE.with_name("admission.yaml")
IN_A_POD = "/var/run/secrets/kubernetes.io/serviceaccount"


def objects() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(FILE.read_text()))


def of_kind(kind: str) -> dict[str, Any]:
    (found,) = [each for each in objects() if each["kind"] == kind]
    return found


@pytest.fixture
def applied(cluster: LiveCluster) -> Iterator[None]:
    """All but the Stack."""
    known = yaml.safe_dump_all(each for each in objects() if each["kind"] != "Stack")
    cluster.kubectl("apply", "-f", "-", text=known)
    yield
    cluster.kubectl("delete", "--wait=false", "-f", "-", text=known)


def test_the_program_runs_as_the_pod_would(
    cluster: LiveCluster, stack: ProgramStack, applied: None, tmp_path: Path
) -> None:
    text = of_kind("ConfigMap")["data"]["config"]
    live = yaml.safe_load(cluster.admin_kubeconfig.read_text())["clusters"][0]["cluster"]
    (tmp_path / "token").write_text(
        cluster.kubectl("create", "token", "image-pull-secrets", "-n", "image-pull-secrets")
    )
    here = {
        "https://kubernetes.default.svc": live["server"],
        f"{IN_A_POD}/ca.crt": live["certificate-authority"],
        f"{IN_A_POD}/token": str(tmp_path / "token"),
    }
    for there, value in here.items():
        assert text.count(there) == 1
        text = text.replace(there, value)
    (tmp_path / "config").write_text(text)
    namespace = cluster.new_namespace()
    stack.config |= {
        "context": stacks.read("prod").context,
        "kubeconfig": str(tmp_path / "config"),
        "namespaces": [{"name": f"{namespace}*"}],
    }

    up = stack.up()

    assert not up.failed, up.output
    assert cluster.pull_secrets(namespace) == ["regcred"]
    assert stack.preview().changed == {}

    stack.config["coverage"] = "admission"
    refused = stack.preview()
    assert refused.failed
    assert "mutatingadmissionpolicies" in refused.output
    cluster.kubectl("apply", "-f", str(ADMISSION))
    try:
        up = stack.up()
        assert not up.failed, up.output
        assert stack.preview().changed == {}
        assert not stack.destroy().failed
    finally:
        cluster.kubectl("delete", "-f", str(ADMISSION))


def test_the_stack_names_what_the_other_objects_are() -> None:
    spec = of_kind("Stack")["spec"]
    account, kubeconfig = of_kind("ServiceAccount")["metadata"], of_kind("ConfigMap")["metadata"]
    assert of_kind("Stack")["metadata"]["namespace"] == account["namespace"] == kubeconfig["namespace"]
    assert spec["serviceAccountName"] == account["name"]
    pod = spec["workspaceTemplate"]["spec"]["podTemplate"]["spec"]
    (volume,), (container,) = pod["volumes"], pod["containers"]
    assert volume["configMap"]["name"] == kubeconfig["name"]
    (mount,) = container["volumeMounts"]
    assert mount["name"] == volume["name"]
    assert spec["envRefs"]["KUBECONFIG"]["literal"]["value"] == f"{mount['mountPath']}/config"


def test_the_stack_gives_the_program_its_passwords() -> None:
    spec = of_kind("Stack")["spec"]
    prod = stacks.read(spec["stack"].rpartition("/")[2])
    assert set(spec["envRefs"]) == {"KUBECONFIG", "PULUMI_ACCESS_TOKEN", *prod.password_variables}


def test_it_runs_often_enough_for_an_hours_token_and_without_a_commit() -> None:
    spec = of_kind("Stack")["spec"]
    assert spec["continueResyncOnCommitMatch"] is True
    # The arithmetic is that of docs/howto/short-lived-tokens.md.
    assert spec["resyncFrequencySeconds"] * 4 <= 3600


def test_deleting_it_takes_no_credential_away() -> None:
    assert of_kind("Stack")["spec"]["destroyOnFinalize"] is False


def test_it_runs_with_a_pulumi_that_the_program_is_tested_with() -> None:
    image = of_kind("Stack")["spec"]["workspaceTemplate"]["spec"]["image"]
    requirements = (CHECKOUT / "requirements-dev.txt").read_text()
    tested = re.search(r"^pulumi==(\S+)", requirements, re.MULTILINE)
    assert tested
    assert f":{tested[1]}-" in image
