"""``pull-secrets restart`` as it is typed: rights, questions, mistakes, Ctrl-C."""

import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from pulumi_image_pull_secrets.permissions import to_evict
from typer.testing import Result

from sandbox.engine import CHECKOUT
from tests.integration.live import LiveCluster
from tests.integration.node import Node
from tests.integration.test_cluster_rights import user
from tests.integration.workloads import (
    PASSWORD,
    ROLE,
    cluster,
    kubeconfig,
    mend,
    node,
    pods,
    run,
    states,
    uids,
    workload,
)

__all__ = ["cluster", "kubeconfig", "node", "run", "user"]

READ = [("list", resource) for resource in ("pods", "serviceaccounts", "secrets", "events", "namespaces")]


@pytest.fixture
def stuck(cluster: LiveCluster, node: Node) -> str:
    """A namespace with two pods that a restart mends."""
    namespace = cluster.new_namespace()
    workload(cluster, namespace, replicas=2)
    mend(cluster, namespace)
    return namespace


def start(kubeconfig: Path, *arguments: str, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[str]:
    main = "from pulumi_image_pull_secrets.command_line import main; main()"
    return subprocess.Popen(
        [sys.executable, "-u", "-c", main, "restart", *arguments],
        env={**os.environ, "KUBECONFIG": str(kubeconfig), "PYTHONPATH": str(CHECKOUT / "components")},
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_without_a_terminal_it_wants_a_yes(cluster: LiveCluster, stuck: str, run: Callable[..., Result]) -> None:
    before = uids(pods(cluster, stuck))
    result = run("-n", stuck, code=2)
    assert result.stderr == (
        "error: there is no terminal to ask at; give --yes to do it, or --dry-run to see what it would do\n"
    )
    assert result.stdout == ""
    assert uids(pods(cluster, stuck)) == before


@pytest.mark.parametrize("answer", ["n", "y"])
def test_at_a_terminal_it_asks(cluster: LiveCluster, stuck: str, kubeconfig: Path, answer: str) -> None:
    before = uids(pods(cluster, stuck))
    ours, theirs = pty.openpty()
    try:
        with start(kubeconfig, "-n", stuck, stdin=theirs) as process:
            os.write(ours, f"{answer}\n".encode())
            stdout, stderr = process.communicate()
    finally:
        os.close(ours)
        os.close(theirs)
    assert "Recreate 2 pods in 1 namespace of sandbox? [y/N] " in stderr
    assert stdout.startswith("to recreate: 2 pods in 1 namespace of sandbox\n")
    if answer == "n":
        assert process.returncode == 1
        assert stderr.endswith("nothing was changed\n")
        assert uids(pods(cluster, stuck)) == before
    else:
        assert (process.returncode, stdout.splitlines()[-1]) == (0, "2 recreated")
        assert states(cluster, stuck) == [("Running", ["regcred"])] * 2


def test_a_ctrl_c_at_the_question_changes_nothing(cluster: LiveCluster, stuck: str, kubeconfig: Path) -> None:
    before = uids(pods(cluster, stuck))
    ours, theirs = pty.openpty()
    try:
        with start(kubeconfig, "-n", stuck, stdin=theirs) as process:
            assert process.stderr
            asked = process.stderr.read(len("Recreate 2 pods"))
            process.send_signal(signal.SIGINT)
            _, stderr = process.communicate()
    finally:
        os.close(ours)
        os.close(theirs)
    assert asked == "Recreate 2 pods"
    assert process.returncode == 130
    assert stderr.endswith("interrupted\n")
    assert uids(pods(cluster, stuck)) == before


def test_a_right_that_is_missing_is_told_before_anything_is_evicted(
    cluster: LiveCluster, stuck: str, run: Callable[..., Result], user: Callable[..., Path]
) -> None:
    before = uids(pods(cluster, stuck))
    result = run("-n", stuck, "--yes", who=user([stuck], READ), code=3)
    assert result.stderr.splitlines()[-1] == (
        f'error: nothing was changed: the user of this context may not create pods/eviction in namespace "{stuck}"; '
        "give it a role with these verbs, as deploy/rbac-restart.yaml has them"
    )
    assert uids(pods(cluster, stuck)) == before


@pytest.mark.parametrize("missing", ["pods", "serviceaccounts", "secrets"])
def test_who_may_not_read_is_told(
    cluster: LiveCluster, stuck: str, run: Callable[..., Result], user: Callable[..., Path], missing: str
) -> None:
    may = [right for right in READ if right[1] != missing] + [("create", "pods/eviction")]
    result = run("-n", stuck, "--yes", who=user([stuck], may), code=3)
    assert f"couldn't read {missing} in {stuck}" in result.stderr
    assert "deploy/rbac-restart.yaml has the rights" in result.stderr


def test_a_part_of_the_cluster_is_done_as_far_as_it_may_be_read(
    cluster: LiveCluster, stuck: str, run: Callable[..., Result], user: Callable[..., Path]
) -> None:
    other = cluster.new_namespace()
    before = workload(cluster, other)
    mend(cluster, other)
    who = user([stuck], [*READ, ("create", "pods/eviction")], [("list", "namespaces")])
    result = run("--yes", who=who)
    assert result.stdout.splitlines()[-1] == "2 recreated"
    assert "couldn't read pods in " in result.stderr
    assert uids(pods(cluster, other)) == before
    assert run("-n", other, "--yes").stdout.splitlines()[-1] == "1 recreated"


def test_the_role_is_enough_in_one_namespace(
    cluster: LiveCluster, stuck: str, run: Callable[..., Result], tmp_path: Path
) -> None:
    home = cluster.new_namespace("user")
    cluster.kubectl(
        "create", "rolebinding", ROLE, f"--clusterrole={ROLE}", f"--serviceaccount={home}:user", "-n", stuck
    )
    who = tmp_path / "user"
    who.write_text(cluster.kubeconfig_of(home, "user"))
    assert "cannot list resource" in run("--yes", who=who, code=3).stderr
    result = run("-n", stuck, "--yes", who=who)
    assert (result.stdout.splitlines()[-1], result.stderr) == ("2 recreated", "")


def test_the_role_lets_nobody_change_anything_but_by_evicting() -> None:
    (role,) = yaml.safe_load_all((CHECKOUT / "deploy" / "rbac-restart.yaml").read_text())
    rights = {(verb, kind) for rule in role["rules"] for verb in rule["verbs"] for kind in rule["resources"]}
    assert {(each.verb, each.resource) for each in to_evict(["any"])} < rights
    assert {right for right in rights if right[0] != "list"} == {("create", "pods/eviction")}


def test_mistakes_are_told_in_one_line(
    cluster: LiveCluster, stuck: str, run: Callable[..., Result], kubeconfig: Path, tmp_path: Path
) -> None:
    before = uids(pods(cluster, stuck))
    unknown = run("-n", stuck, "-n", f"{stuck}x", "--yes", code=3)
    assert unknown.stderr == f'error: there is no namespace "{stuck}x", did you mean "{stuck}"?\n'
    assert 'did you mean "sandbox"?' in run("--context", "sandbxo", "--yes", code=3).stderr
    content = yaml.safe_load(kubeconfig.read_text())
    content["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    (tmp_path / "elsewhere").write_text(yaml.safe_dump(content))
    assert "can't be reached: the connection was refused" in run("--yes", who=tmp_path / "elsewhere", code=3).stderr
    assert "there is no current context" in run("--yes", who=_without_current(tmp_path, content), code=3).stderr
    assert uids(pods(cluster, stuck)) == before


def _without_current(folder: Path, content: dict[str, object]) -> Path:
    (folder / "undecided").write_text(yaml.safe_dump({**content, "current-context": ""}))
    return folder / "undecided"


def test_after_a_ctrl_c_the_report_is_true(cluster: LiveCluster, node: Node, kubeconfig: Path) -> None:
    namespace, image = cluster.new_namespace(), "ghcr.io/acme/cached:1"
    running = workload(cluster, namespace, "api", replicas=2, image=image)
    workload(cluster, namespace)
    mend(cluster, namespace)
    node.hold(namespace)

    with start(kubeconfig, "-n", namespace, "--yes") as process:
        # One of each owner is evicted, and the pods that come in their place don't start.
        cluster.wait_for(
            lambda: [item["status"].get("containerStatuses") for item in pods(cluster, namespace)].count(None) == 2
        )
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate()

    assert process.returncode == 1, stderr
    assert "Traceback" not in stderr
    assert PASSWORD not in stdout + stderr
    there = {item["metadata"]["name"]: item["metadata"]["uid"] for item in pods(cluster, namespace)}
    told = re.findall(r"^still waiting +\S+: evicted; (\S+) hasn't started yet$", stdout, re.MULTILINE)
    assert len(told) == 2
    assert {there[name] for name in told} == set(there.values()) - set(running)
    (kept,) = re.findall(rf"^not tried +{namespace}/(\S+): interrupted$", stdout, re.MULTILINE)
    assert there[kept] in running
    assert stdout.splitlines()[-1].startswith("interrupted: 2 still waiting, 1 not tried; see why:")
