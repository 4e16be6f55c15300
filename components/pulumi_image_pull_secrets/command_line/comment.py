"""``pull-secrets comment``: puts a report into a pull request, in place of the one before."""

import os
import re
from pathlib import Path
from typing import Annotated

import typer

from ..review.comment import CommentError, Place, marker_of, put
from ..wording import visible
from .outcomes import write

_TOKEN = "GITHUB_TOKEN"
_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")


def comment(
    number: Annotated[int, typer.Option("--pr", metavar="NUMBER", min=1, help="The pull request's number.")],
    file: Annotated[
        Path, typer.Option("--file", metavar="FILE", help="What pull-secrets preview --format markdown wrote.")
    ],
    repository: Annotated[
        str, typer.Option("--repo", metavar="OWNER/NAME", envvar="GITHUB_REPOSITORY", help="The repository.")
    ],
    api_url: Annotated[
        str,
        typer.Option(
            "--api-url",
            metavar="URL",
            envvar="GITHUB_API_URL",
            help="GitHub's API; https://HOST/api/v3 for a GitHub Enterprise server.",
        ),
    ] = "https://api.github.com",
) -> None:
    """Writes FILE as a comment into a pull request of GitHub's, or changes the comment that it wrote before.

    That is the comment of the same user whose first line is FILE's first line, exactly. GITHUB_TOKEN must hold a token
    that may write comments (in a workflow: pull-requests: write).

    Exit codes: 0 where the comment is there; 2 for wrong arguments; 3 where GitHub can't be reached or refuses.
    """
    token = os.environ.get(_TOKEN, "").strip()
    if not token:
        raise typer.BadParameter(f"set the environment variable {_TOKEN} to a token of GitHub's")
    if not _REPOSITORY.fullmatch(repository):
        raise typer.BadParameter(f"{repository!r} is no OWNER/NAME", param_hint="--repo")
    try:
        text = file.read_text(encoding="utf-8")
        marker_of(text)
    except CommentError as error:
        raise typer.BadParameter(f"{file} is no report: {error}", param_hint="--file") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it isn't UTF-8"
        raise typer.BadParameter(f"{file} can't be read: {reason}", param_hint="--file") from None
    done, address = put(text, Place(api_url, repository, number), token)
    write(lambda _: f"{done.value}: {visible(address)}\n")
