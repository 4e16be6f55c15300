"""The workflows: what they may do, that they miss no stack, and that what they call is there."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox import stacks
from sandbox.engine import CHECKOUT
from sandbox.parts import PULUMI

FILES = sorted((CHECKOUT / ".github" / "workflows").glob("*.yml"))
TEXTS = {path.name: path.read_text() for path in FILES}
# YAML 1.1 reads the key "on" as true.
WORKFLOWS: dict[str, dict[Any, Any]] = {name: yaml.safe_load(text) for name, text in TEXTS.items()}
JOBS = {(name, job): content for name, workflow in WORKFLOWS.items() for job, content in workflow["jobs"].items()}
STEPS = [(name, job, step) for (name, job), content in JOBS.items() for step in content["steps"]]

# All that may be written, by which job.
WRITES = {
    ("preview.yml", "comment"): {"pull-requests"},
    ("drift.yml", "report"): {"issues"},
    ("release.yml", "attest"): {"id-token", "attestations"},
    ("release.yml", "pypi"): {"id-token"},
    ("release.yml", "github"): {"contents"},
}


def runs(job: dict[str, Any]) -> Iterator[str]:
    return (step["run"] for step in job["steps"] if "run" in step)


def variables(job: dict[str, Any]) -> dict[str, str]:
    """All that the job's steps find in their environment."""
    return {name: value for step in job["steps"] for name, value in step.get("env", {}).items()}


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):(?!=)", (CHECKOUT / "Makefile").read_text(), re.MULTILINE))


def test_are_these() -> None:
    assert set(WORKFLOWS) == {"ci.yml", "preview.yml", "deploy.yml", "drift.yml", "release.yml"}


@pytest.mark.parametrize("name", TEXTS)
def test_every_action_is_pinned_by_a_commit_and_says_its_version(name: str) -> None:
    used = re.findall(r"^\s*(?:- )?uses: (.*)$", TEXTS[name], re.MULTILINE)
    assert used
    for use in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use)


def test_every_action_has_one_version() -> None:
    pins = {pin for text in TEXTS.values() for pin in re.findall(r"uses: (\S+)@(\S+ # \S+)", text)}
    assert len({action for action, _ in pins}) == len(pins), sorted(pins)


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_may_do_nothing_by_itself(name: str) -> None:
    assert WORKFLOWS[name]["permissions"] == {}


@pytest.mark.parametrize(("name", "job"), JOBS)
def test_a_job_may_do_what_it_needs(name: str, job: str) -> None:
    permissions = JOBS[name, job]["permissions"]
    assert {what for what, access in permissions.items() if access == "write"} == WRITES.get((name, job), set())
    assert {what for what, access in permissions.items() if access != "write"} <= {"contents"}


def test_no_checkout_keeps_the_token() -> None:
    checkouts = [step for _, _, step in STEPS if step.get("uses", "").startswith("actions/checkout@")]
    assert checkouts
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_no_text_of_others_becomes_part_of_a_command() -> None:
    assert not [step["run"] for _, _, step in STEPS if "${{" in step.get("run", "")]


def test_every_make_target_is_there() -> None:
    called = {target for _, _, step in STEPS for target in re.findall(r"\bmake ([a-z-]+)", step.get("run", ""))}
    assert {"lint", "test", "review", "comment", "deploy", "drift", "drift-issue", "sbom"} <= called
    assert called <= make_targets()


def test_ci_runs_what_the_checkouts_own_script_runs() -> None:
    script = (CHECKOUT / ".ci" / "run").read_text()
    called = {run for name, job in JOBS.items() if name[0] == "ci.yml" for run in runs(job)}
    # Beside these, a job of its own has the oldest packages.
    assert called == {"make test-lowest", *re.findall(r"^(?:exec )?(make \w+)$", script, re.MULTILINE)}


@pytest.mark.parametrize(("name", "job"), [("preview.yml", "preview"), ("drift.yml", "check")])
def test_every_stack_is_looked_at(name: str, job: str) -> None:
    content = JOBS[name, job]
    assert sorted(content["strategy"]["matrix"]["stack"]) == stacks.names()
    assert content["strategy"]["fail-fast"] is False
    assert content["env"]["STACK"] == "${{ matrix.stack }}"
    assert content["environment"] == {"name": "${{ matrix.stack }}-preview", "deployment": False}
    wanted = {variable for stack in stacks.names() for variable in stacks.read(stack).password_variables}
    for variable in wanted:
        assert variables(content)[variable] == f"${{{{ secrets.{variable} }}}}"


def test_a_stack_whose_preview_left_nothing_has_its_comment_renewed() -> None:
    (told,) = [step for step in JOBS["preview.yml", "comment"]["steps"] if step.get("run") == "make comment"]
    assert told["env"]["STACKS"].split() == JOBS["preview.yml", "preview"]["strategy"]["matrix"]["stack"]
    (recipe,) = re.findall(r"^comment:.*\n((?:\t.*\n)+)", (CHECKOUT / "Makefile").read_text(), re.MULTILINE)
    assert re.fullmatch(r'\t@\S+ -m ci\.unreviewed --stacks "\$\$STACKS"\n\t@for (?:.*\n)+', recipe)


def test_every_stack_is_deployed_one_after_the_other() -> None:
    jobs = WORKFLOWS["deploy.yml"]["jobs"]
    assert sorted(jobs) == stacks.names()
    assert [(job, content.get("needs")) for job, content in jobs.items()] == [
        ("staging", None),
        ("preprod", "staging"),
        ("prod", "preprod"),
    ]


@pytest.mark.parametrize("stack", stacks.names())
def test_a_deployment_is_approved_alone_and_never_cut_off(stack: str) -> None:
    workflow = WORKFLOWS["deploy.yml"]
    job = workflow["jobs"][stack]
    assert job["environment"] == stack
    assert job["concurrency"] == {"group": f"deploy-{stack}", "cancel-in-progress": False}
    # A run that waits for an approval would hold up all stacks of the next one.
    assert "concurrency" not in workflow
    assert "timeout-minutes" not in job
    assert list(runs(job))[-1] == f"make deploy STACK={stack}"
    for variable in stacks.read(stack).password_variables:
        assert variables(job)[variable] == f"${{{{ secrets.{variable} }}}}"


def test_deployments_start_where_what_they_deploy_changed() -> None:
    pushed = WORKFLOWS["deploy.yml"][True]["push"]
    assert pushed["branches"] == ["main"]
    for pattern in pushed["paths"]:
        assert list(CHECKOUT.glob(pattern.removesuffix("/**"))), f"nothing is at {pattern}"
    for needed in ("__main__.py", "Pulumi*.yaml", "components/**", "ci/**", "requirements-dev.txt"):
        assert needed in pushed["paths"]


def test_a_forks_pull_request_gets_neither_secret_nor_token() -> None:
    triggers = {trigger for workflow in WORKFLOWS.values() for trigger in workflow[True]}
    assert triggers == {"pull_request", "push", "schedule", "workflow_dispatch"}
    for (name, job), content in JOBS.items():
        if "pull_request" in WORKFLOWS[name][True] and "secrets." in str(content):
            assert "github.event.pull_request.head.repo.full_name == github.repository" in content["if"], job


def test_what_a_pull_request_brings_never_runs_beside_a_token_that_can_write() -> None:
    job = JOBS["preview.yml", "comment"]
    (checkout,) = [step for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@")]
    assert checkout["with"]["ref"] == "${{ github.event.pull_request.base.sha }}"
    assert "secrets." not in str(job)
    assert "github.token" not in str(JOBS["preview.yml", "preview"])


def test_pulumi_is_the_one_that_was_tested() -> None:
    versions = {name: workflow["env"]["PULUMI_VERSION"] for name, workflow in WORKFLOWS.items() if "env" in workflow}
    assert set(versions) == {"preview.yml", "deploy.yml", "drift.yml"}
    assert {f"v{version}" for version in versions.values()} == {PULUMI.version}
    installed = [step["with"] for _, _, step in STEPS if step.get("uses", "").startswith("pulumi/actions@")]
    assert len(installed) == 5
    assert all(given == {"pulumi-version": "${{ env.PULUMI_VERSION }}"} for given in installed)


def test_what_is_published_is_what_was_built_and_attested() -> None:
    jobs = WORKFLOWS["release.yml"]["jobs"]
    assert [(job, content.get("needs")) for job, content in jobs.items()] == [
        ("build", None),
        ("attest", "build"),
        ("pypi", "attest"),
        ("github", "pypi"),
    ]
    assert jobs["pypi"]["environment"]["name"] == "pypi"
    assert "secrets." not in TEXTS["release.yml"]
    # Nothing of the checkout runs where something can be signed, published or written.
    for job in ("attest", "pypi", "github"):
        assert not [run for run in runs(jobs[job]) if "make" in run]
        assert "actions/checkout@" not in str(jobs[job])


def test_dependabot_looks_where_something_is_pinned() -> None:
    updates = yaml.safe_load((CHECKOUT / ".github" / "dependabot.yml").read_text())["updates"]
    manifests = {"github-actions": ".github/workflows/ci.yml", "gomod": "go.mod", "pip": "requirements-dev.in"}
    assert {update["package-ecosystem"] for update in updates} == set(manifests)
    for update in updates:
        folder = CHECKOUT / Path(update["directory"]).relative_to("/")
        assert (folder / manifests[update["package-ecosystem"]]).exists()
