"""docs/restart.md tells what the command does."""

import pytest
from pulumi_image_pull_secrets.command_line import make_app
from pulumi_image_pull_secrets.command_line import restart as command
from pulumi_image_pull_secrets.restart.recreation import Outcome, Patience
from typer.testing import CliRunner

from sandbox.engine import CHECKOUT

PAGE = (CHECKOUT / "docs" / "restart.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_is_explained(outcome: Outcome) -> None:
    (row,) = [line for line in PAGE.splitlines() if line.startswith("| `") and f"`{outcome.value}`" in line]
    is_left_undone = outcome in (Outcome.GONE, Outcome.RECOVERED, Outcome.REFUSED)
    assert ("othing was done" in row) is is_left_undone


def test_the_times_are_those_that_are_waited() -> None:
    patience = Patience()
    assert (patience.refused, "is tried again for two minutes" in PAGE) == (120, True)
    assert (patience.replaced, "up to five minutes" in PAGE) == (300, True)
    assert (patience.failing, "half a minute once it fails" in PAGE) == (30, True)
    assert patience == command.PATIENCE


def test_the_help_names_every_option_of_the_page() -> None:
    told = CliRunner().invoke(make_app(), ["restart", "--help"], env={"TERMINAL_WIDTH": "200"}).output
    for option in ("-n", "--context", "--stuck-only", "--dry-run", "--include-bare", "--yes"):
        assert f" {option}" in told
        assert option in PAGE
