"""One of everything on the real API server: the whole report, and no password in any output."""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pulumi_image_pull_secrets.command_line import main
from pulumi_image_pull_secrets.doctor.checks import CHECKS, OF_REGISTRIES

from tests.integration.live import CONTEXT, LiveCluster
from tests.integration.one_of_everything import Everything
from tests.integration.secret_forms import places_of

EXPECTED = Path(__file__).with_suffix(".json")
"""The report, with roles for namespaces and without times. Renew it by writing what the test shows, and read it."""

Run = Callable[..., str]


@pytest.fixture(scope="module")
def everything(cluster: LiveCluster) -> Everything:
    return Everything(cluster)


@pytest.fixture
def run(cluster: LiveCluster, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """``pull-secrets`` as the cluster's administrator: what it writes, to both."""

    def running(*arguments: str, code: int = 0) -> str:
        own = ["--context", CONTEXT, "--kubeconfig", str(cluster.admin_kubeconfig)]
        monkeypatch.setattr(sys, "argv", ["pull-secrets", *arguments, *own])
        with pytest.raises(SystemExit) as ended:
            main()
        written = capfd.readouterr()
        assert (ended.value.code, written.err) == (code, "")
        return written.out

    return running


def arguments(everything: Everything, folder: Path) -> list[str]:
    namespaces = [part for name in everything.namespaces.values() for part in ("-n", name)]
    return ["doctor", *namespaces, "--stack", str(everything.stack_file(folder))]


def test_every_check_finds_its_own_and_the_report_is_as_expected(
    everything: Everything, run: Run, tmp_path: Path
) -> None:
    told = json.loads(everything.in_roles(run(*arguments(everything, tmp_path), "-o", "json", code=1)))

    told["time"] = "TIME"
    for finding in told["findings"]:
        finding["message"] = re.sub(r"(expires on) \d{4}-\d\d-\d\d at \d\d:\d\d", r"\1 TIME", finding["message"])
    # What registries say is in test_doctor_verify.py.
    without = {check.code for check in CHECKS if check not in OF_REGISTRIES}
    assert {finding["code"] for finding in told["findings"]} == without
    assert told["checks"] == sorted(without)
    # Namespaces, whose names are made up, come last in the order that is promised.
    order = [place(finding) for finding in told["findings"]]
    assert order == sorted(order)
    told["findings"].sort(key=lambda each: (*place(each), each["namespace"], each["kind"], each["name"]))
    assert told == json.loads(EXPECTED.read_text())


def place(finding: dict[str, Any]) -> tuple[int, int, str]:
    return ["error", "warning", "note"].index(finding["severity"]), -finding["pods"], finding["code"]


def test_no_output_holds_a_password(everything: Everything, cluster: LiveCluster, run: Run, tmp_path: Path) -> None:
    outputs = [run(*arguments(everything, tmp_path), "-o", output, code=1) for output in ("table", "json", "html")]
    image = ["--image", "ghcr.io/acme/web", "--fail-on", "never"]
    outputs += [run(*arguments(everything, tmp_path), "-o", output, *image) for output in ("table", "json", "html")]
    for namespace in everything.namespaces.values():
        for pod in cluster.api.list_namespaced_pod(namespace).items:
            outputs.append(run("explain", pod.metadata.name, "-n", namespace))
        outputs.append(run("explain", "ghcr.io/acme/web:1", "-n", namespace))

    assert len(outputs) > 40
    assert all(outputs)
    assert len(everything.passwords) > 15
    assert places_of(everything.passwords, {output: output.encode() for output in outputs}) == []
    # As a check of the check: what may be shown is.
    assert "user 'other'" in "".join(outputs)


def explained(everything: Everything, run: Run, role: str, *what: str) -> str:
    told = everything.in_roles(run("explain", *what, "-n", everything.namespaces[role]))
    return re.sub(r"created \d{4}-\d\d-\d\d \d\d:\d\d UTC", "created TIME", told)


POD = """\
Pod accounts-namespace/web-5d8f-x1 of Deployment web, created TIME

It runs as ServiceAccount template, which names Secret regcred.
The pod names Secret quay. That list is in what Deployment web creates it from, not from its account, which is \
therefore not used.

Container main, which waits: ImagePullBackOff
  Image ghcr.io/acme/web:1
  Secret quay:
    key 'quay.io', user 'bot': doesn't serve the image
  No login serves the image: the kubelet pulls without one, unless the node has one of its own.
  What was said of the pull: pull access denied, repository does not exist or may require authorization: server \
message: insufficient_scope: authorization failed

Why it doesn't pull:
  Deployment web: its template names Secret quay, which hides its account's Secret regcred: pull access denied, \
repository does not exist or may require authorization: server message: insufficient_scope: authorization failed \
[controller-overrides-account]
    kubectl -n accounts-namespace edit deployment web # take imagePullSecrets out of the pod template
"""
IMAGE = """\
Image ghcr.io/acme/web in namespace pods-namespace

ServiceAccount default names Secret regcred; 8 pods use the image.
  Secret regcred:
    key 'ghcr.io', user 'bot': serves the image, tried first
    key 'docker.io', user 'bot': doesn't serve the image
  The kubelet first tries user 'bot' of key 'ghcr.io' in Secret regcred.

ServiceAccount other-registry names Secret quay; 1 pod uses the image.
  Secret quay:
    key 'quay.io', user 'bot': doesn't serve the image
  No login serves the image: the kubelet pulls without one, unless the node has one of its own.
"""


def test_a_pod_is_explained_from_its_account_to_the_login_that_is_tried(everything: Everything, run: Run) -> None:
    assert explained(everything, run, "accounts", "pod/web-5d8f-x1") == POD


def test_an_image_is_explained_for_each_list_of_the_namespaces_accounts(everything: Everything, run: Run) -> None:
    assert explained(everything, run, "pods", "ghcr.io/acme/web") == IMAGE
