"""Running a command that prints a password."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from typing import IO, cast

from ..child_environment import child_environment
from ..errors import PasswordCommandError
from ..names import shown

SECONDS = 60.0
"""How long a command may take: a cloud's command line asks its servers, sometimes more than once."""
MAX_BYTES = 64 * 1024
"""How much it may print. The longest tokens have a few thousand bytes."""


def run(command: Sequence[str], *, seconds: float = SECONDS) -> str:
    """The password that ``command``, a program and its arguments, prints; no shell reads it.

    What it writes on stderr is thrown away, since a password may be in it. Raises PasswordCommandError, which holds
    nothing but the program's name.
    """
    program = shown(command[0])
    deadline = time.monotonic() + seconds
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=child_environment(),
            start_new_session=True,
        )
    except FileNotFoundError:
        raise PasswordCommandError(f"there is no program {program}; install it, or correct the name") from None
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
        raise PasswordCommandError(f"{program} can't be started: {reason}") from None
    try:
        printed = _read(process, deadline)
        status = process.wait(max(0.0, deadline - time.monotonic())) if printed is not None else 0
    except subprocess.TimeoutExpired:
        printed = None
    finally:
        _end(process)
    if printed is None:
        raise PasswordCommandError(f"{program} did not end within {seconds:g} s, and was stopped")
    if len(printed) > MAX_BYTES:
        raise PasswordCommandError(f"{program} printed more than {MAX_BYTES} bytes; nothing but a password is expected")
    if status:
        ended = f"ended with exit status {status}" if status > 0 else f"was ended by signal {-status}"
        raise PasswordCommandError(
            f"{program} {ended}; what it says on stderr isn't shown, as a password may be in it: run it by hand to see"
        )
    return _password(printed, program)


def _read(process: "subprocess.Popen[bytes]", deadline: float) -> bytes | None:
    """What it prints, a byte more than it may at most; None where it hasn't closed its output by then."""
    output = cast("IO[bytes]", process.stdout)
    printed: list[bytes] = []

    def read() -> None:
        with output:
            printed.append(output.read(MAX_BYTES + 1))
            if len(printed[0]) > MAX_BYTES:
                process.kill()

    # A thread, because a pipe's own reads have no time limit on every system; it is no reason to stay for.
    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    reader.join(max(0.0, deadline - time.monotonic()))
    return printed[0] if printed else None


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Ends it with all that it started, where it still runs."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()


def _password(printed: bytes, program: str) -> str:
    try:
        text = printed.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        text = None
    if text is None:
        raise PasswordCommandError(f"{program} printed something that is no text in UTF-8")
    if not text.strip():
        raise PasswordCommandError(f"{program} printed nothing; a password is expected on its standard output")
    if "\n" in text or "\r" in text or "\0" in text:
        raise PasswordCommandError(f"{program} printed more than one line; nothing but a password is expected")
    return text
