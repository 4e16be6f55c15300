"""docs/ci.md: what it tells to call and to set up is what the checkout has."""

import re
from typing import Any

import yaml

from sandbox import stacks
from sandbox.engine import CHECKOUT
from sandbox.parts import PULUMI

TEXT = (CHECKOUT / "docs" / "ci.md").read_text()
(GITLAB_TEXT,) = re.findall(r"^```yaml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
GITLAB: dict[str, Any] = yaml.safe_load(GITLAB_TEXT)


def test_every_make_target_is_there() -> None:
    called = set(re.findall(r"(?:`|\[| {4}|script: |, )make ([a-z-]+)", TEXT))
    assert {"review", "comment", "deploy", "drift", "drift-issue", "kubeconfig", "sbom", "release-notes"} <= called
    targets = re.findall(r"^([a-z-]+):(?!=)", (CHECKOUT / "Makefile").read_text(), re.MULTILINE)
    assert called <= set(targets)


def test_gitlab_misses_no_stack() -> None:
    for job in ("review", "drift"):
        (matrix,) = GITLAB[job]["parallel"]["matrix"]
        assert sorted(matrix["STACK"]) == stacks.names()
    deployments = {name: job for name, job in GITLAB.items() if name.startswith("deploy ")}
    assert sorted(job["variables"]["STACK"] for job in deployments.values()) == stacks.names()
    assert [job.get("needs") for job in deployments.values()] == [None, ["deploy staging"], ["deploy preprod"]]


def test_gitlab_deploys_a_stack_one_at_a_time_and_to_its_end() -> None:
    assert GITLAB[".deploy"]["resource_group"] == "$STACK"
    assert GITLAB["default"]["interruptible"] is False
    assert GITLAB["deploy prod"]["rules"][0]["when"] == "manual"


def test_pulumi_is_the_one_that_was_tested() -> None:
    assert GITLAB["default"]["image"]["name"] == f"pulumi/pulumi:{PULUMI.version.removeprefix('v')}"
    assert f"Pulumi {PULUMI.version.removeprefix('v').rpartition('.')[0]}" in TEXT


def test_every_secret_and_variable_of_the_workflows_is_told() -> None:
    workflows = "".join(path.read_text() for path in (CHECKOUT / ".github" / "workflows").glob("*.yml"))
    used = set(re.findall(r"\b(?:secrets|vars)\.(\w+)", workflows))
    assert "KUBECONFIG" in used
    assert {name for name in used if f"`{name}`" not in TEXT} == set()
