"""The nightly comparison of a stack with its cluster: what the preview's end means, and what is kept of it."""

import sys
from pathlib import Path

import pytest

from ci import drift
from ci.drift import Comparison, State


@pytest.mark.parametrize(
    ("exit_code", "output", "state"),
    [
        (0, "Resources:\n    12 unchanged\n", State.SAME),
        # As versions up to 3.200 and as newer ones end.
        (255, "error: no changes were expected but changes were proposed\n", State.DIFFERS),
        (7, "error: no changes were expected for preview but changes were proposed\n", State.DIFFERS),
        (255, 'error: namespace "checkout" does not exist\n', State.FAILED),
        (6, "error: no stack named 'staging' found\n", State.FAILED),
    ],
)
def test_judges_by_how_the_preview_ended(exit_code: int, output: str, state: State) -> None:
    assert drift.judge(exit_code, output) is state


def test_shows_and_keeps_both_streams(capsys: pytest.CaptureFixture[str]) -> None:
    code = "import sys; print('one', flush=True); print('two', file=sys.stderr, flush=True); sys.exit(3)"
    comparison = drift.compare([sys.executable, "-c", code])
    assert comparison == Comparison(State.FAILED, "one\ntwo\n")
    assert capsys.readouterr().out == "one\ntwo\n"


def test_output_that_is_no_text_is_kept_as_well() -> None:
    code = "import sys; sys.stdout.buffer.write(b'\\xff\\n')"
    assert drift.compare([sys.executable, "-c", code]) == Comparison(State.SAME, "�\n")


def test_says_that_pulumi_is_missing() -> None:
    comparison = drift.compare(["a-command-that-is-nowhere"])
    assert comparison.state is State.FAILED
    assert "a-command-that-is-nowhere" in comparison.output


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    found = Comparison(State.DIFFERS, "~ spec: …\n")
    found.write("prod", tmp_path / "reports")
    assert Comparison.read("prod", tmp_path / "reports") == found


def test_a_job_that_ended_early_is_a_failure_and_not_a_stack_without_drift(tmp_path: Path) -> None:
    assert Comparison.read("prod", tmp_path).state is State.FAILED


@pytest.mark.parametrize(
    ("exit_code", "line", "message"),
    [
        (0, "unchanged", None),
        (1, "error: no changes were expected but changes were proposed", "make deploy STACK=prod"),
        (1, "error: the context is not in the kubeconfig", "could not be compared"),
    ],
)
def test_the_command(
    exit_code: int, line: str, message: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pulumi = tmp_path / "bin" / "pulumi"
    pulumi.parent.mkdir()
    pulumi.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/arguments\necho "{line}"\nexit {exit_code}\n')
    pulumi.chmod(0o755)
    monkeypatch.setenv("PATH", f"{pulumi.parent}:/usr/bin:/bin")
    if message is None:
        drift.main("prod", tmp_path)
    else:
        with pytest.raises(SystemExit, match=message):
            drift.main("prod", tmp_path)
    assert Comparison.read("prod", tmp_path).output == f"{line}\n"
    assert (tmp_path / "arguments").read_text().startswith("preview --stack prod --expect-no-changes ")
