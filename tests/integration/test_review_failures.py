"""``pull-secrets preview`` where the real engine fails: why, in its own words."""

from pathlib import Path

import pytest
from pulumi_image_pull_secrets.command_line import make_app
from typer.testing import CliRunner

from sandbox.engine import Engine
from tests.integration.live import LiveCluster
from tests.integration.program import ProgramStack
from tests.integration.reviewer import Reviewer


def test_a_preview_that_fails_says_why_in_the_words_of_the_program(
    cluster: LiveCluster, stack: ProgramStack, reviewer: Reviewer
) -> None:
    stack.config["namespaces"] = [{"name": "nowhere"}]
    result = reviewer.run(stack, "--format", "markdown", kind="failed")
    assert result.exit_code == 3
    assert f"<!-- image-pull-secrets preview: {stack.name} -->\n" in result.output
    assert result.output.count('namespace "nowhere" does not exist') == 1 + len(["standard error"])
    assert "an unhandled error" not in result.output


def test_where_the_engine_fails_before_it_previews_its_message_is_told(
    stack: ProgramStack, engine: Engine, parts: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.stack()
    for name, value in engine.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(engine.folder / "project")
    for arguments, message in (
        (["--stack", "no-such-stack"], "no-such-stack: the preview failed\n  error: no stack named"),
        # There is no Python language host on this machine.
        (["--stack", stack.name], "failed to load language plugin python"),
        ([], f"{stack.name}: the preview failed"),
    ):
        result = CliRunner().invoke(make_app(), ["preview", *arguments])
        assert result.exit_code == 3
        assert message in result.output
        assert "Traceback" not in result.output
    (engine.folder / "home" / "workspaces").rename(tmp_path / "workspaces")
    result = CliRunner().invoke(make_app(), ["preview"])
    assert result.exit_code == 3
    assert "say which one with --stack" in result.output
