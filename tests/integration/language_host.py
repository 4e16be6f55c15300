"""Pulumi's language host for Python, as far as a plain ``pulumi`` needs one to run the program of this checkout.

The official one is an executable of Pulumi's distribution, and no Go module that could be built here. This one is the
SDK's own server for inline programs, started as the engine starts a language host.
"""

import os
import runpy
import shlex
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import grpc
from pulumi.automation._server import LanguageServer
from pulumi.runtime.proto import language_pb2_grpc

from sandbox.engine import CHECKOUT

NAME = "pulumi-language-python"


def install(folder: Path) -> None:
    """An executable of the language host's name, for the engine's PATH."""
    folder.mkdir()
    launcher = folder / NAME
    python, root = shlex.quote(sys.executable), shlex.quote(str(CHECKOUT))
    launcher.write_text(f'#!/bin/sh\nPYTHONPATH={root} exec {python} -m tests.integration.language_host "$@"\n')
    launcher.chmod(0o755)


def program() -> None:
    runpy.run_path(str(Path.cwd() / "__main__.py"), run_name="__main__")


def main() -> None:
    """Tells the engine the port on the first line, and serves until it is ended with the engine."""
    server = grpc.server(ThreadPoolExecutor(max_workers=4))
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(LanguageServer(program), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    # What the program prints is none of the engine's business: it reads the port alone.
    sys.stdout = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    # The engine ends it as Ctrl-C does, and shows what it writes then.
    with suppress(KeyboardInterrupt):
        server.wait_for_termination()


if __name__ == "__main__":
    main()
