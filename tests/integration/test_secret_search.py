"""The search of test_p06: it finds every form of a password, in every place, also where it is only for a moment."""

import base64
import gzip
import html
import json
import secrets
import shlex
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.integration.secret_forms import SPECIAL, new_password, places_of
from tests.integration.traces import watching_traces


def test_the_search_finds_what_is_there_only_while_a_run_lasts(tmp_path: Path) -> None:
    in_a_file, on_a_command_line, in_a_variable = (new_password() for _ in range(3))
    script = f'{shlex.quote(sys.executable)} -c "input()" "$GIVEN" 0<&0; :'
    with watching_traces(tmp_path) as traces:
        (tmp_path / "passing").write_text(in_a_file)
        with subprocess.Popen(
            ["sh", "-c", script], env={"GIVEN": on_a_command_line, "PLANTED": in_a_variable}, stdin=subprocess.PIPE
        ) as child:
            every = [in_a_file, on_a_command_line, in_a_variable]
            deadline = time.monotonic() + 60
            while not all(places_of([one], traces.texts()) for one in every):
                assert time.monotonic() < deadline
                time.sleep(0.02)
            (tmp_path / "passing").unlink()
            child.communicate(b"\n")

    (file,) = places_of([in_a_file], traces.texts())
    assert file.startswith(str(tmp_path / "passing"))
    assert any(place.startswith("the command line of ") for place in places_of([on_a_command_line], traces.texts()))
    assert all(place.startswith("PLANTED in ") for place in places_of([in_a_variable], traces.texts()))
    assert not places_of([in_a_variable], traces.texts(known_variables=["PLANTED"]))


@pytest.mark.parametrize("written", [1.0, 0.9], ids=["whole", "not yet"])
def test_the_search_finds_what_is_packed(tmp_path: Path, written: float) -> None:
    password = new_password()
    packed = gzip.compress(b"before") + gzip.compress(f"{password}{secrets.token_hex(1000)}".encode())

    with watching_traces(tmp_path) as traces:
        (tmp_path / "log").write_bytes(packed[: int(len(packed) * written)])

    assert places_of([password], traces.texts())


WAYS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "JSON": json.dumps,
    "JSON in UTF-8": lambda text: json.dumps(text, ensure_ascii=False),
    "JSON in JSON": lambda text: json.dumps(json.dumps(text)),
    "Go's JSON": lambda text: json.dumps(text).replace("<", "\\u003c").replace("&", "\\u0026"),
    "Go's %q": lambda text: json.dumps(text, ensure_ascii=False).replace("\u2028", "\\u2028"),
    "a URL's path": lambda text: urllib.parse.quote(text, safe=""),
    "a URL's query": urllib.parse.quote_plus,
    "Python's repr": repr,
    "a shell's quotes": shlex.quote,
    "HTML": html.escape,
    "YAML": yaml.safe_dump,
    "cut off at its end": lambda text: text[:25],
    "cut off at its start": lambda text: text[-25:],
}


@pytest.mark.parametrize("before", ["", "x", "xy", "xyz"])
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_the_search_finds_every_form(way: Callable[[str], str], before: str) -> None:
    password = new_password()
    assert SPECIAL in password
    written = way(password)
    login = base64.b64encode(f"{before}:{written}".encode()).decode()
    config = json.dumps({"auths": {f"{before}ghcr.io": {"auth": login}}})

    for text in (
        written,
        login,
        urllib.parse.quote(login, safe=""),
        base64.urlsafe_b64encode(f"{before}{written}".encode()).decode(),
        config,
        base64.b64encode(config.encode()).decode(),
        f"{before}{password}".encode().hex(),
        json.dumps({"data": base64.b64encode(config.encode()).decode()}),
    ):
        assert places_of([password], {"a text": f"data: {text}".encode()}) == ["a text"]
        assert not places_of([new_password()], {"a text": text.encode()})
