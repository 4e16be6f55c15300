"""Checks that a tag is what it says, and writes the release's notes out of the changelog."""

import re
import sys
from pathlib import Path
from typing import Annotated

import typer
from pulumi_image_pull_secrets import __version__

CHANGELOG = Path("CHANGELOG.md")
NOTES = Path("reports") / "release-notes.md"


def notes(changelog: str, version: str) -> str | None:
    """What the changelog says under ``## [version] - date``; None where it has no such heading, or nothing under it."""
    heading = rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d$"
    match = re.search(rf"{heading}\n(.*?)(?=^## |^\[|\Z)", changelog, re.MULTILINE | re.DOTALL)
    return match[1].strip() + "\n" if match and match[1].strip() else None


def main(tag: Annotated[str, typer.Option(help="The tag, such as v0.1.0.")]) -> None:
    """Fails unless the tag is the library's version and the changelog has notes for it."""
    if tag != f"v{__version__}":
        sys.exit(f"error: the tag is {tag!a}, and the version of the library is {__version__}")
    text = notes(CHANGELOG.read_text("utf-8"), __version__)
    if text is None:
        sys.exit(f"error: {CHANGELOG} has nothing under a heading such as: ## [{__version__}] - 2026-12-24")
    NOTES.parent.mkdir(exist_ok=True)
    NOTES.write_text(text, "utf-8")
    print(text, end="")


if __name__ == "__main__":
    typer.run(main)
