"""How a command ends: its exit code, what it writes, and one message where it can't do what it was asked."""

import os
import sys
from collections.abc import Callable
from enum import IntEnum
from functools import wraps
from typing import Any, TextIO, TypeVar

import typer
from rich.console import Console
from rich.text import Text

from ..doctor.selection import CheckCodeError
from ..errors import CertificateFileError, ImageNameError, ImagePullSecretsError, SettingsError
from ..wording import visible

_C = TypeVar("_C", bound=Callable[..., None])


class Outcome(IntEnum):
    """The exit codes, which are the same for every format."""

    CLEAN = 0
    FINDINGS = 1
    USAGE = 2
    """Wrong in what was typed, or in the stack file that it names, whatever the cluster holds."""
    NOT_CHECKED = 3
    """The cluster, the kubeconfig or the rights are in the way; the same command may do another time."""
    INTERRUPTED = 130
    """As of every program that Ctrl-C ends."""


_OF_USAGE = (CertificateFileError, CheckCodeError, ImageNameError, SettingsError)


class UsageMistakeError(ImagePullSecretsError):
    """Options that don't go together, or a value that no option takes."""


def explained(command: _C) -> _C:
    """The command, with one message on stderr and the right exit code in place of every traceback on purpose."""

    @wraps(command)
    def run(*arguments: Any, **options: Any) -> None:
        try:
            command(*arguments, **options)
        except (UsageMistakeError, *_OF_USAGE) as error:
            _fail(error, Outcome.USAGE)
        except ImagePullSecretsError as error:
            _fail(error, Outcome.NOT_CHECKED)
        except KeyboardInterrupt:
            note("interrupted")
            sys.stdout.flush()
            # Not sys.exit, which waits for the requests that other threads still make.
            os._exit(Outcome.INTERRUPTED)

    return run  # type: ignore[return-value]


def write(render: Callable[[TextIO], str]) -> None:
    """Writes what ``render`` makes for standard output, which it is given.

    Whoever reads it may stop, which is no failure and changes no exit code.
    """
    try:
        # Inside, since rich flushes the file while it renders for it.
        sys.stdout.write(render(sys.stdout))
        sys.stdout.flush()
    except BrokenPipeError:
        _write_nothing_more()
    except OSError as error:
        _write_nothing_more()
        raise OutputError(f"the output can't be written: {error.strerror}") from None


class OutputError(ImagePullSecretsError):
    """Nothing can be written where the output goes, such as on a full disk."""


def note(message: str, style: str = "dim") -> None:
    """Tells a person something beside the output, on stderr."""
    lines = message.splitlines() or [""]
    # Of a message of several lines, the later ones are indented.
    shown = "\n".join(visible(line) if number == 0 else f"  {visible(line)}" for number, line in enumerate(lines))
    Console(stderr=True, highlight=False, emoji=False).print(Text(shown, style), soft_wrap=True)


def _fail(error: Exception, outcome: Outcome) -> None:
    note(f"error: {error}", "red")
    raise typer.Exit(outcome) from None


def _write_nothing_more() -> None:
    # What is left in the buffer would be written when the interpreter ends, and fail again.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
