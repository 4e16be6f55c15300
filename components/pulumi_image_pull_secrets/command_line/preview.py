"""``pull-secrets preview``: what a preview changes, for the person who reviews it."""

import io
import sys
from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import Annotated, TextIO

import typer

from ..errors import ImagePullSecretsError
from ..review import engine, engine_json, pods, report_json, report_markdown, report_text
from ..review.engine_json import Preview, PreviewUnreadableError
from ..review.report import Review, review_of, together
from ..review.risks import Pods
from .outcomes import Outcome, note, write

_STDIN = "-"
_PLACE = "{stack}"
_STACK_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./")


class Format(str, Enum):
    """What the report is for."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"


StackOption = Annotated[
    list[str] | None,
    typer.Option("--stack", "-s", metavar="STACK", help="A stack; more than once for several. The selected one else."),
]
FromOption = Annotated[
    list[str] | None,
    typer.Option(
        "--from",
        metavar="FILE",
        help="Read what pulumi preview --json printed, instead of running it; - is the standard input. "
        "More than once for several stacks; with --stack as well, in the same order.",
    ),
]
FormatOption = Annotated[
    Format, typer.Option("--format", "-f", help="text for a terminal, markdown for a pull request, json for programs.")
]
OutputOption = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Write there instead of to the standard output. {stack} in it makes one file for each stack.",
    ),
]
ArtifactOption = Annotated[
    str | None,
    typer.Option(
        "--artifact",
        metavar="URL",
        help="Where the whole report is kept; markdown that is cut to fit in a comment points there.",
    ),
]
PodsOption = Annotated[
    bool,
    typer.Option("--pods", help="Also ask the cluster of the stack's context which pods name a Secret that goes."),
]


def preview(
    stack: StackOption = None,
    from_: FromOption = None,
    format_: FormatOption = Format.TEXT,
    output: OutputOption = None,
    artifact: ArtifactOption = None,
    ask_pods: PodsOption = False,
) -> None:
    """Shows what an up would change for namespaces, Secrets and ServiceAccounts: risks first, never a password.

    Runs pulumi preview --json for each stack, with the project in this folder, or reads with --from what it printed.

    Exit codes: 0 where the preview came to its end, whatever it shows; 2 for wrong arguments; 3 where it failed or
    can't be read, and the report then says why.
    """
    stacks, files = stack or [], from_ or []
    _check(stacks, files, output)
    if files:
        reviews = [_from_file(name, stacks[index] if stacks else None, ask_pods) for index, name in enumerate(files)]
    else:
        reviews = [_from_engine(name, ask_pods) for name in stacks or [engine.selected_stack()]]
    _write(together(reviews), format_, output, artifact)
    if output is not None or format_ is not Format.TEXT:
        for review in reviews:
            for error in review.errors:
                note(f"error: {review.stack}: {error}", "red")
    if any(review.failed for review in reviews):
        raise typer.Exit(Outcome.NOT_CHECKED)


def _check(stacks: list[str], files: list[str], output: str | None) -> None:
    for name in stacks:
        if not name or name.startswith("-") or not _STACK_CHARACTERS.issuperset(name):
            raise typer.BadParameter(f"{name!r} is not the name of a stack", param_hint="--stack")
    if len(set(stacks)) != len(stacks):
        raise typer.BadParameter("the same stack twice", param_hint="--stack")
    if files and stacks and len(files) != len(stacks):
        raise typer.BadParameter("give --stack as often as --from, in the same order, or not at all")
    if files.count(_STDIN) > 1:
        raise typer.BadParameter("the standard input holds one document only", param_hint="--from")
    if output is not None and not output:
        raise typer.BadParameter("the name of a file is empty", param_hint="--output")


def _from_engine(stack: str, ask_pods: bool) -> Review:
    try:
        answer = engine.preview(stack)
    except engine.NoEngineError as error:
        return Review(stack, errors=(str(error),))
    return _reviewed(answer.output, f"what the engine printed for {stack}", stack, ask_pods, answer.error)


def _from_file(name: str, stack: str | None, ask_pods: bool) -> Review:
    source = "the standard input" if name == _STDIN else name
    try:
        if name == _STDIN:
            data = sys.stdin.buffer.read(engine_json.MAX_BYTES + 1)
        else:
            with Path(name).open("rb") as file:
                data = file.read(engine_json.MAX_BYTES + 1)
    except OSError as error:
        raise typer.BadParameter(f"{name} can't be read: {error.strerror}", param_hint="--from") from None
    return _reviewed(data, source, stack, ask_pods, None)


def _reviewed(data: bytes, source: str, stack: str | None, ask_pods: bool, error: str | None) -> Review:
    try:
        read = engine_json.read(data, source)
    except PreviewUnreadableError as unreadable:
        # An engine that fails early prints an empty object, or nothing.
        return Review(stack or source, errors=(error or str(unreadable),))
    if stack is None:
        stack = read.stack
    elif read.stack not in (None, stack.rpartition("/")[2]):
        return Review(stack, errors=(f"{source} is the preview of another stack, {read.stack}",))
    if stack is None:
        # One that failed before its first step. Its document may still say why, and the others are reported as well.
        unnamed = f"{source} names no stack, since its preview failed early; name it with --stack"
        return Review(source, errors=read.messages("error") or (unnamed,), warnings=read.messages("warning"))
    seen, unseen = _pods(read) if ask_pods else (None, None)
    review = review_of(read, stack, error=error, pods=seen)
    return replace(review, warnings=(*review.warnings, unseen)) if unseen else review


def _pods(read: Preview) -> tuple[Pods | None, str | None]:
    """What a look at the pods told, or why there was none."""
    secrets = pods.removed_secrets(read)
    if not secrets:
        return None, None
    try:
        return pods.look(read, secrets), None
    except (ImagePullSecretsError, LookupError) as error:
        return None, f"no pods were looked at: {error.args[0]}"


def _write(reviews: list[Review], format_: Format, output: str | None, artifact: str | None) -> None:
    if output is None or output == _STDIN:
        # The report is in the encoding of the terminal, or of what reads it.
        write(lambda file: _rendered(reviews, format_, artifact, file))
        return
    one_each = _PLACE in output
    for group in [[review] for review in reviews] if one_each else [reviews]:
        path = Path(output.replace(_PLACE, group[0].stack.replace("/", "-")))
        buffer = io.StringIO()
        text = _rendered(group, format_, artifact, buffer)
        try:
            path.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")
        except OSError as error:
            raise typer.BadParameter(f"{path} can't be written: {error.strerror}", param_hint="--output") from None


def _rendered(reviews: list[Review], format_: Format, artifact: str | None, file: TextIO) -> str:
    if format_ is Format.MARKDOWN:
        text = report_markdown.render(reviews, artifact)
        encoding = file.encoding or "utf-8"
        return text.encode(encoding, "backslashreplace").decode(encoding)
    return report_json.render(reviews) if format_ is Format.JSON else report_text.render(reviews, file)
