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
    done = subprocess.run(
        [_engine(), "--non-interactive", "stack", "--show-name"], env=_environment(), capture_output=True, check=False
    )
    name = done.stdout.decode(errors="replace").strip()
    if done.returncode != 0 or not name:
        raise NoStackError(f"{_last(done.stderr) or 'no stack is selected'}; say which one with --stack")
    return name


def preview(stack: str) -> Answer:
    """Previews one stack, with the project in this folder. Raises NoEngineError."""
    command = [_engine(), "--non-interactive", "preview", "--json", "--stack", stack]
    # Into files without names, since a pipe of hundreds of megabytes would have to be held in memory.
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        done = subprocess.run(
            command, env=_environment(), stdin=subprocess.DEVNULL, stdout=output, stderr=errors, check=False
        )
        output.seek(0)
        errors.seek(0)
        said = _last(errors.read()) or f"pulumi preview ended with exit code {done.returncode}"
        return Answer(output.read(MAX_BYTES + 1), said if done.returncode else None)


def _engine() -> str:
    found = shutil.which("pulumi")
    if found is None:
        raise NoEngineError(
            "there is no pulumi command on PATH; install it, or run pulumi preview --json elsewhere and give what it "
            "printed with --from FILE"
        )
    return found


def _environment() -> dict[str, str]:
    return {**os.environ, **_ENVIRONMENT}


def _last(output: bytes) -> str:
    return "\n".join(output.decode(errors="replace").strip().splitlines()[-_LAST_LINES:])
