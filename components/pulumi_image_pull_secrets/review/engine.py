"""Runs ``pulumi preview --json``: the engine that is on PATH, in the folder that it is asked in."""

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass

from ..errors import ImagePullSecretsError
from .engine_json import MAX_BYTES

_LAST_LINES = 20
_ENVIRONMENT = {
    "PULUMI_SKIP_UPDATE_CHECK": "true",
    # With it, --json is a stream of events and no document.
    "PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "false",
}


class NoEngineError(ImagePullSecretsError):
    """There is no ``pulumi`` to run."""


class NoStackError(ImagePullSecretsError):
    """The engine has no stack selected here, or doesn't tell."""


@dataclass(frozen=True)
class Answer:
    """What the engine answered to one preview."""

    output: bytes
    """What it printed: the document, or nothing; at most one byte more than is read."""
    error: str | None
    """Where it failed: what it said besides."""


def selected_stack() -> str:
    """The stack that a plain ``pulumi preview`` would take. Raises NoEngineError and NoStackError."""
    output, error = _run(["stack", "--show-name"])
    name = output.decode(errors="replace").strip()
    if error is not None or not name:
        raise NoStackError(f"{error or 'no stack is selected'}; say which one with --stack")
    return name


def preview(stack: str) -> Answer:
    """Previews one stack, with the project in this folder. Raises NoEngineError."""
    return Answer(*_run(["preview", "--json", "--stack", stack]))


def _run(arguments: list[str]) -> tuple[bytes, str | None]:
    """What it printed, and where it failed why."""
    engine = shutil.which("pulumi")
    if engine is None:
        raise NoEngineError(
            "there is no pulumi command on PATH; install it, or run pulumi preview --json elsewhere and give what it "
            "printed with --from FILE"
        )
    # Into files without names: what one pipe holds, while the other is read, would have to be kept in memory.
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        try:
            done = subprocess.run(
                [engine, "--non-interactive", *arguments],
                env={**os.environ, **_ENVIRONMENT},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                check=False,
            )
        except OSError as error:
            raise NoEngineError(f"{engine} can't be started: {error.strerror}") from None
        output.seek(0)
        errors.seek(0)
        said = errors.read().decode(errors="replace").strip().splitlines()[-_LAST_LINES:]
        failure = (
            "\n".join(said).removeprefix("error: ") or f"pulumi {arguments[0]} ended with exit code {done.returncode}"
        )
        return output.read(MAX_BYTES + 1), failure if done.returncode else None
