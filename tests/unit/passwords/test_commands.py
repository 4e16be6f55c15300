"""Commands that print a password, and all else that commands do."""

import os
import secrets
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pulumi_image_pull_secrets.errors import PasswordCommandError
from pulumi_image_pull_secrets.passwords import commands

PASSWORD = secrets.token_urlsafe(16)


def python(script: str) -> list[str]:
    return [sys.executable, "-c", script]


def error(*command: str, seconds: float = commands.SECONDS) -> str:
    with pytest.raises(PasswordCommandError) as caught:
        commands.run(command, seconds=seconds)
    assert PASSWORD not in str(caught.value)
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    return str(caught.value)


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_what_it_prints_is_the_password(ending: str) -> None:
    assert commands.run(python(f"print({PASSWORD!r}, end={ending!r})")) == PASSWORD


def test_no_shell_reads_it() -> None:
    assert commands.run([*python("import sys; print(sys.argv[1])"), "$HOME; `id` 'é'"]) == "$HOME; `id` 'é'"


def test_spaces_are_part_of_the_password() -> None:
    assert commands.run(python("print(' a b ')")) == " a b "


def test_it_has_nothing_to_read_and_not_the_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG", PASSWORD)
    monkeypatch.setenv("PULUMI_CONFIG_SECRET_KEYS", PASSWORD)
    monkeypatch.setenv("AWS_PROFILE", "acme")
    script = "import os, sys; print(sys.stdin.read(), os.environ['AWS_PROFILE'], os.environ, sep='', end='')"
    printed = commands.run(python(script))
    assert printed.startswith("acme")
    assert PASSWORD not in printed


def test_what_it_says_on_stderr_goes_nowhere(capfd: pytest.CaptureFixture[str]) -> None:
    told = error(*python(f"import sys; print({PASSWORD!r}, file=sys.stderr); print({PASSWORD!r}); sys.exit(3)"))
    assert "ended with exit status 3" in told
    assert "run it by hand to see" in told
    assert capfd.readouterr() == ("", "")


def test_one_that_a_signal_ends() -> None:
    assert "was ended by signal 15" in error(*python("import os; os.kill(os.getpid(), 15)"))


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("", "printed nothing"),
        ("print()", "printed nothing"),
        ("print('  ')", "printed nothing"),
        ("print('made-up'); print('warning')", "printed more than one line"),
        ("print('a\\0b')", "printed more than one line"),
        ("import sys; sys.stdout.buffer.write(b'\\xff')", "printed something that is no text in UTF-8"),
    ],
)
def test_output_that_is_no_password(script: str, told: str) -> None:
    assert f"'{sys.executable}' {told}" in error(*python(script))


def test_output_without_end_is_cut_short() -> None:
    script = "import sys\nwhile True: sys.stdout.write('x' * 1_000_000)"
    assert f"printed more than {commands.MAX_BYTES} bytes" in error(*python(script))


def test_a_program_that_is_not_there() -> None:
    assert error("no-such-program", PASSWORD) == (
        "there is no program 'no-such-program'; install it, or correct the name"
    )


def test_a_program_that_can_not_be_started(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(PASSWORD)
    assert error(str(file)).endswith("can't be started: Permission denied")
    assert "can't be started: ValueError" in error("a\0b")


def ended(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z"


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_one_that_hangs_is_ended_with_what_it_started(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    script = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"open({str(file)!r}, 'w').write(str(child.pid))\n"
        "time.sleep(600)"
    )
    assert "did not end within 3 s, and was stopped" in error(*python(script), seconds=3)
    wait_for(lambda: ended(int(file.read_text())))


def test_one_that_closes_its_output_and_hangs_is_ended() -> None:
    script = f"import os, sys, time; print({PASSWORD!r}, flush=True); os.close(1); time.sleep(600)"
    assert "did not end within 2 s" in error(*python(script), seconds=2)


def test_ctrl_c_ends_it_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, waited_for = tmp_path / "pid", tmp_path / "waited-for"
    script = (
        "import os, signal, time\n"
        f"open({str(file)!r}, 'w').write(str(os.getpid()))\n"
        f"while not os.path.exists({str(waited_for)!r}): time.sleep(0.01)\n"
        "os.kill(os.getppid(), signal.SIGINT)\n"
        "time.sleep(600)"
    )
    read = commands._read

    def reading(*arguments: Any) -> bytes | None:
        waited_for.touch()
        return read(*arguments)

    monkeypatch.setattr(commands, "_read", reading)
    with pytest.raises(KeyboardInterrupt):
        commands.run(python(script))
    wait_for(lambda: ended(int(file.read_text())))
