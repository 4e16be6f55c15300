"""Writes a review for each stack whose job left none, which says so.

Else the stack's comment would stay as it was, and pass for what the pull request's newest commit changes.
"""

from pathlib import Path
from typing import Annotated

import typer
from pulumi_image_pull_secrets.review.report import Review
from pulumi_image_pull_secrets.review.report_markdown import render

FOLDER = Path("reports") / "review"
_REASON = "the job ended before it had previewed the stack; what the job printed says why"


def main(
    stacks: Annotated[str, typer.Option(help="The stacks that were to be reviewed, with spaces between them.")],
    folder: Annotated[Path, typer.Option(help="Where make review kept the reviews.")] = FOLDER,
) -> None:
    """Leaves the reviews that are there as they are."""
    folder.mkdir(parents=True, exist_ok=True)
    for stack in stacks.split():
        path = folder / f"{stack}.md"
        if not path.exists():
            path.write_text(render([Review(stack, errors=(_REASON,))]), "utf-8")


if __name__ == "__main__":
    typer.run(main)
