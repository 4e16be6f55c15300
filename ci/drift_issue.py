"""Tells in one GitHub issue which stacks differ from their clusters, and closes it when none does any more."""

import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

import typer
from pulumi_image_pull_secrets.errors import ImagePullSecretsError
from pulumi_image_pull_secrets.review.github import GitHub, connected
from pulumi_image_pull_secrets.wording import visible

from sandbox import stacks

from .drift import FOLDER, Comparison, State

MARKER = "<!-- image-pull-secrets: drift -->"
"""The issue's first line: how it is found again, whatever somebody makes of its title."""
TITLE = "Stacks differ from their clusters"
MAX_CHARACTERS = 60_000
"""GitHub takes 65,536 for an issue: https://docs.github.com/en/rest/issues/issues"""
_HEADINGS = {State.DIFFERS: "differs from its cluster", State.FAILED: "could not be compared with its cluster"}


def body(comparisons: Mapping[str, Comparison], run: str) -> str | None:
    """The issue's text; None where every stack is as its cluster. ``run`` is the address of the run to read on in."""
    shown = {stack: found for stack, found in comparisons.items() if found.state is not State.SAME}
    if not shown:
        return None
    parts = [
        MARKER,
        "The nightly comparison found what is told below. `make deploy STACK=…` brings a stack's cluster back to what "
        "its file says; where the cluster is right, change the file. This issue is kept up to date, and closed when "
        f"nothing differs any more. All that pulumi printed: {run}",
    ]
    room = MAX_CHARACTERS // len(shown)
    for stack, found in shown.items():
        parts += [f"## {stack} {_HEADINGS[found.state]}", _block(found.output, room)]
    return "\n\n".join(parts) + "\n"


def _block(output: str, room: int) -> str:
    """The output as text in which nothing acts: no mention, no link, no end of the block."""
    lines = [_plain(line) for line in output.strip("\n").splitlines()]
    kept = []
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            break
        kept.append(line)
    longest_run = max((len(ticks) for ticks in re.findall("`+", "\n".join(kept))), default=0)
    fence = "`" * max(3, longest_run + 1)
    left_out = [f"… and {len(lines) - len(kept)} more lines"] if len(kept) < len(lines) else []
    return "\n".join([f"{fence}text", *kept, fence, *left_out])


def _plain(line: str) -> str:
    indent = len(line) - len(line.lstrip(" "))
    return " " * indent + visible(line)


class Issues:
    """A repository's issues."""

    def __init__(self, github: GitHub, repository: str, author: str) -> None:
        self._github = github
        self._path = f"/repos/{repository}/issues"
        self._author = author

    def tell(self, text: str | None) -> str:
        """Opens, renews or closes the issue. Says what it did. Raises GitHubError."""
        number = min(self._ours(), default=None)
        if text is None and number is None:
            return "nothing differs, and no issue is open"
        if text is None:
            self._github.ask("PATCH", f"{self._path}/{number}", {"state": "closed", "state_reason": "completed"})
            return f"nothing differs any more: closed issue {number}"
        if number is None:
            number = self._github.ask("POST", self._path, {"title": TITLE, "body": text})["number"]
            return f"opened issue {number}"
        self._github.ask("PATCH", f"{self._path}/{number}", {"body": text})
        return f"renewed issue {number}"

    def _ours(self) -> Iterator[int]:
        """The numbers of the open issues that this wrote. Another's that only carries the marker is left alone."""
        for issue in self._github.pages(self._path, state="open"):
            written_here = (issue["body"] or "").splitlines()[:1] == [MARKER]
            if written_here and issue["user"]["login"] == self._author and "pull_request" not in issue:
                yield issue["number"]


def main(
    repo: Annotated[str, typer.Option(help="The repository, as owner/name.")],
    run: Annotated[str, typer.Option(help="The address of the run that compared the stacks.")],
    author: Annotated[str, typer.Option(help="The login that the token writes with.")] = "github-actions[bot]",
    folder: Annotated[Path, typer.Option(help="Where make drift kept what it found.")] = FOLDER,
) -> None:
    """Brings the issue up to date, with the token in GITHUB_TOKEN."""
    comparisons = {stack: Comparison.read(stack, folder) for stack in stacks.names()}
    token = os.environ.get("GITHUB_TOKEN", "").strip()
    if not token:
        sys.exit("error: GITHUB_TOKEN is empty; it needs a token that may write issues")
    try:
        with connected(os.environ.get("GITHUB_API_URL") or "https://api.github.com", token) as github:
            print(Issues(github, repo, author).tell(body(comparisons, run)))
    except ImagePullSecretsError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    typer.run(main)
