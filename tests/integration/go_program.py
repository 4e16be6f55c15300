"""Go programs of the tests, which ask the real Go packages what they do."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sandbox.parts import MODULE


def build(package: str, target: Path, module: Path = MODULE) -> Path:
    """The program ``target``, of a package of the module, or of a file in this folder."""
    source = Path(__file__).parent / package
    # With the flags of sandbox/builds.py, so that what it compiled isn't compiled again.
    command = ["go", "build", "-trimpath", "-gcflags=all=-dwarf=false", "-ldflags", "-s -w", "-o", str(target)]
    command.append(str(source) if source.exists() else package)
    environment = {"GOGC": "off", "GOMEMLIMIT": "2GiB", **os.environ, "CGO_ENABLED": "0"}
    subprocess.run(command, cwd=module, env=environment, check=True)
    return target


class Answering:
    """A running program that answers each line of JSON with one."""

    def __init__(self, process: "subprocess.Popen[str]", log: Path) -> None:
        self._process = process
        self._log = log

    def ask(self, question: Any) -> Any:
        """Its answer; where it has ended, the test fails with what it wrote last."""
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps(question), file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        assert answer, self._log.read_text()[-2_000:]
        return json.loads(answer)


@contextmanager
def answering(file: str, folder: Path) -> Iterator[Answering]:
    """Builds the program in ``folder`` and runs it while it is needed."""
    program, log = build(file, folder / "program"), folder / "log"
    with (
        log.open("wb") as stderr,
        subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, text=True) as process,
    ):
        yield Answering(process, log)
        assert process.stdin
        process.stdin.close()
