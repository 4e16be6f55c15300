"""A ``pulumi`` command to put on PATH: the real engine, with this process as the host of the program's language.

There is no Python language host here, so that ``pulumi preview`` alone can't run a program in Python. The engine takes
the address of a host that runs already, which is what the Automation API gives it.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
from pulumi.automation._server import LanguageServer
from pulumi.runtime.proto import language_pb2_grpc

from sandbox.engine import Engine
from tests.integration.program import ProgramStack

DOCUMENT = "preview.json"

_COMMAND = """#!/bin/sh
case " $* " in
  *" preview "*) "{pulumi}" "$@" --client={address} > "{document}"; code=$?; cat "{document}"; exit $code ;;
  *) exec "{pulumi}" "$@" ;;
esac
"""


@contextmanager
def plain_engine(
    pulumi: Path, engine: Engine, stack: ProgramStack, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """Puts the command on PATH, in the stack's project; yields where the last preview's document is kept."""
    program = stack.program()
    stack.stack()
    document = folder / DOCUMENT
    with ThreadPoolExecutor(4) as pool:
        server = grpc.server(pool)
        language_pb2_grpc.add_LanguageRuntimeServicer_to_server(LanguageServer(program), server)
        address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        server.start()
        command = folder / "bin" / "pulumi"
        command.parent.mkdir(exist_ok=True)
        command.write_text(_COMMAND.format(pulumi=pulumi, address=address, document=document))
        command.chmod(0o700)
        try:
            with monkeypatch.context() as patch:
                for name, value in engine.environment.items():
                    patch.setenv(name, value)
                patch.setenv("PATH", os.pathsep.join([str(command.parent), engine.environment["PATH"]]))
                patch.chdir(engine.folder / "project")
                yield document
        finally:
            server.stop(None).wait()
