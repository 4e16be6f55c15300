"""The sandbox's commands, in a clone of the checkout: ``make up`` and what may go wrong around it."""

import json
import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from sandbox import builds
from sandbox import parts as sandbox_parts
from tests.integration.clones import Clone
from tests.integration.live import LiveCluster

CLEAN = "nothing found in 8 namespaces of acme-staging"
"""The last line of a clean report of the doctor."""


def test_up_up_preview_status_down(clone: Clone) -> None:
    first = clone.run("up")
    accounts = json.loads(clone.kubectl("--context=acme-staging", "get", "serviceaccounts", "-A", "-o", "json"))[
        "items"
    ]
    attached = {
        (account["metadata"]["namespace"], account["metadata"]["name"]): [
            entry["name"] for entry in account.get("imagePullSecrets", [])
        ]
        for account in accounts
    }

    table, report, next_steps = (
        first.index(text) for text in ("Attached by stack staging", CLEAN, "Next, for example")
    )
    assert table < report < next_steps
    assert "pull-secrets doctor --kubeconfig .sandbox/kubeconfig --context acme-staging" in first[next_steps:]
    assert "make down" in first[next_steps:]
    assert attached["checkout", "payments"] == ["quay-readonly", "regcred-staging"]
    assert attached["storefront", "default"] == ["quay-readonly", "team-mirror", "regcred-staging"]
    assert attached["preview", "default"] == ["regcred-staging"]
    assert set(clone.running()) == {"etcd", "kube-apiserver", "kube-controller-manager", "registry"}
    assert "created" not in clone.run("up")
    assert "unchanged" in clone.run("preview")
    assert "kube-apiserver runs" in clone.run("status")

    clone.run("up", "--stack", "prod")
    before = clone.running()
    clone.run("down")

    assert not (clone.folder / ".sandbox").exists()
    assert not any(psutil.pid_exists(pid) for pid in before.values())
    assert "nothing runs" in clone.run("status")


def configure(clone: Clone, namespaces: list[dict[str, Any]]) -> None:
    file = clone.folder / "Pulumi.staging.yaml"
    content = yaml.safe_load(file.read_text())
    content["config"]["image-pull-secrets:namespaces"] = namespaces
    file.write_text(yaml.safe_dump(content))


def rows(output: str) -> list[list[str]]:
    """Of the table of what is attached."""
    table = output.partition("Attached by stack staging")[2].partition("└")[0]
    return [[cell.strip() for cell in line.split("│")[1:-1]] for line in table.splitlines() if line.startswith("│")]


def test_a_stack_file_with_patterns(clone: Clone) -> None:
    glob: dict[str, Any] = {"name": "team-*", "serviceAccounts": ["default", "ci-*"]}
    configure(clone, [glob])
    refused = clone.run("up", code=1)
    assert "namespaces[0] (team-*) matches no namespace; correct it, or set allowEmpty: true" in refused
    assert "Traceback" not in refused

    selector = {"selector": "kubernetes.io/metadata.name in (checkout, search)", "serviceAccounts": "all"}
    named: list[dict[str, Any]] = [
        {"name": "team-a", "serviceAccounts": ["ci-builder"]},
        {"name": "checkout", "serviceAccounts": ["payments"]},
        {"name": "search", "serviceAccounts": "all"},
    ]
    configure(clone, [selector, glob, *named])
    up = clone.run("up")
    assert rows(up) == [
        ["team-a", "ci-builder", "regcred-staging"],
        ["team-a", "default", "regcred-staging"],
        ["checkout", "default", "regcred-staging"],
        ["checkout", "payments", "quay-readonly, regcred-staging"],
        ["search", "default", "regcred-staging"],
    ]
    assert "get secret regcred-staging -n checkout -o yaml" in up
    assert "Traceback" not in up

    configure(clone, [selector])
    status = clone.run("status")
    assert sorted(rows(status)) == sorted(rows(up)), "an up that is still to come has changed nothing yet"

    (clone.folder / "Pulumi.staging.yaml").unlink()
    told = "stack staging is up, though there is no Pulumi.staging.yaml; take it down with: make down"
    assert clone.run("status").splitlines()[-1] == told
    clone.run("down")


def test_a_killed_sandbox_is_taken_up_again(clone: Clone) -> None:
    clone.run("up")
    for pid in clone.running().values():
        os.kill(pid, signal.SIGKILL)

    again = clone.run("up")

    assert "Attached by stack staging" in again
    assert "created" not in again
    clone.run("down")


def test_two_clones_do_not_meet(new_clone: Callable[[str], Clone]) -> None:
    one, two = new_clone("one"), new_clone("two")
    with one.start("up") as first, two.start("up") as second:
        outputs = [process.communicate()[0] for process in (first, second)]
    assert (first.returncode, second.returncode) == (0, 0), outputs

    one.run("down")

    assert "regcred-staging" in two.kubectl("--context=acme-staging", "get", "secrets", "-A")
    two.run("down")


def taken(port: int) -> socket.socket:
    """A server on the port, as soon as the killed process has let go of it."""
    deadline = time.monotonic() + 20
    while True:
        try:
            return socket.create_server(("127.0.0.1", port))
        except OSError:
            assert time.monotonic() < deadline, f"port {port} doesn't become free"
            time.sleep(0.05)


def test_a_port_that_somebody_took_is_told(clone: Clone) -> None:
    clone.run("up")
    ports = json.loads((clone.folder / ".sandbox" / "cluster" / "ports.json").read_text())
    for pid in clone.running().values():
        os.kill(pid, signal.SIGKILL)

    with taken(ports["api_server"]):
        output = clone.run("up", code=1)

    assert f"port {ports['api_server']}" in output
    assert "make down, make up" in output
    assert "Traceback" not in output
    clone.run("down")
    clone.run("up")
    clone.run("down")


def test_ctrl_c_leaves_something_to_go_on_with(clone: Clone) -> None:
    with clone.start("up") as process:
        ready = clone.folder / ".sandbox" / "kubeconfig"
        while not ready.exists() and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate()

    assert process.returncode != 0
    assert "Traceback" not in output
    assert "Attached by stack staging" in clone.run("up")
    clone.run("down")


def test_a_second_command_at_the_same_time_is_refused(clone: Clone) -> None:
    with clone.start("up") as process:
        while not (clone.folder / ".sandbox" / "lock").exists():
            time.sleep(0.01)
        output = clone.run("preview", code=1)
        process.communicate()

    assert "another sandbox command is at work" in output
    clone.run("down")


def test_an_unknown_stack_is_told(clone: Clone) -> None:
    output = clone.run("up", "--stack", "stagng", code=1)

    assert 'there is no stack "stagng" here; the stacks are: preprod, prod, staging' in output


def test_a_build_that_fails_says_where_to_look(clone: Clone, tmp_path: Path) -> None:
    broken = tmp_path / "bin"
    broken.mkdir()
    (broken / "go").write_text("#!/bin/sh\necho 'no space left on device' >&2\nexit 1\n")
    (broken / "go").chmod(0o755)

    output = clone.run(
        "up", code=1, environment={"PATH": f"{broken}:/usr/bin:/bin", "XDG_CACHE_HOME": str(tmp_path / "cache")}
    )

    assert "the build of" in output
    assert "no space left on device" in output
    assert "build.log" in output
    assert "Traceback" not in output


def test_ctrl_c_ends_a_build(clone: Clone, tmp_path: Path, cluster: LiveCluster) -> None:
    (tmp_path / "bin").mkdir()
    pid = tmp_path / "pid"
    (tmp_path / "bin" / "go").write_text(f"#!/bin/sh\necho $$ > {pid}\nexec sleep 600\n")
    (tmp_path / "bin" / "go").chmod(0o755)
    environment = {"PATH": f"{tmp_path}/bin:/usr/bin:/bin", "XDG_CACHE_HOME": str(tmp_path / "cache")}

    with clone.start("parts", environment=environment) as process:
        cluster.wait_for(lambda: pid.exists() and pid.read_text())
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)

    assert process.returncode == 130
    assert "interrupted; run the same command to go on" in output
    assert "Traceback" not in output
    cluster.wait_for(lambda: not psutil.pid_exists(int(pid.read_text())))
    assert [path.name for path in (tmp_path / "cache").rglob("build-*")] == []


def test_the_parts_alone_leave_nothing_in_the_checkout(clone: Clone) -> None:
    output = clone.run("parts")

    assert "kube-apiserver" in output
    assert not (clone.folder / ".sandbox").exists()


def test_no_go_is_told(clone: Clone, tmp_path: Path) -> None:
    output = clone.run("up", code=1, environment={"PATH": "/usr/bin:/bin", "XDG_CACHE_HOME": str(tmp_path / "cache")})

    assert "install Go 1.24 or newer" in output


def test_a_part_on_path_is_used_where_its_version_fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fitting, other = tmp_path / "fitting", tmp_path / "other"
    for folder, version in ((fitting, "v1.36.0"), (other, "v1.20.0")):
        folder.mkdir()
        (folder / "kubectl").write_text(f"#!/bin/sh\necho 'Client Version: {version}'\n")
        (folder / "kubectl").chmod(0o755)
    said: list[str] = []
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)

    monkeypatch.setenv("PATH", f"{fitting}:/usr/bin:/bin")
    assert builds.provide((sandbox_parts.KUBECTL,), said.append)["kubectl"] == fitting / "kubectl"

    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(other))
    assert builds.provide((sandbox_parts.KUBECTL,), said.append)["kubectl"] == fitting / "kubectl"
    assert any("passed over kubectl in KUBEBUILDER_ASSETS" in line for line in said)
