"""Whatever is given instead of the engine's document: read as far as it can be, or refused with a clear message."""

import contextlib
import json
import secrets
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi_image_pull_secrets.review import engine_json
from pulumi_image_pull_secrets.review.engine_json import Preview, PreviewUnreadableError, read

DOCUMENT: dict[str, Any] = {
    "config": {"image-pull-secrets:context": "acme-prod"},
    "steps": [
        {
            "op": "create",
            "urn": "urn:pulumi:prod::image-pull-secrets::a:b:C$kubernetes:core/v1:Secret::pulls/shop/a::b",
            "newState": {"urn": "…", "custom": True, "type": "kubernetes:core/v1:Secret", "inputs": {"metadata": {}}},
            "detailedDiff": None,
        }
    ],
    "diagnostics": [{"message": "careful\n", "severity": "warning"}],
    "duration": 1,
    "changeSummary": {"create": 1},
}
TEXT = json.dumps(DOCUMENT, indent=4).encode()
EVENT = b'{"sequence":0,"timestamp":1700000000,"preludeEvent":{"config":{}}}\n'


def refusal(data: bytes) -> str:
    with pytest.raises(PreviewUnreadableError) as caught:
        read(data, "preview.json")
    message = str(caught.value)
    assert message.startswith("preview.json ")
    assert "\n" not in message
    return message


def test_a_step_is_read_with_what_its_urn_says() -> None:
    preview = read(TEXT, "preview.json")
    (step,) = preview.steps
    assert step is not None
    assert (step.op, step.stack, step.types) == ("create", "prod", ("a:b:C", "kubernetes:core/v1:Secret"))
    assert step.name == "pulls/shop/a::b"
    assert (preview.stack, preview.messages("warning"), preview.messages("error")) == ("prod", ("careful",), ())


def notes(*diagnostics: dict[str, Any]) -> tuple[str, ...]:
    return read(json.dumps({**DOCUMENT, "diagnostics": diagnostics}).encode(), "preview.json").notes


def test_notes_are_what_the_program_says_of_the_stack() -> None:
    stack = "urn:pulumi:prod::image-pull-secrets::pulumi:pulumi:Stack::image-pull-secrets-prod"
    said = [{"message": "chooses\nmore\n", "severity": "info"}, {"urn": stack, "message": "b\n", "severity": "info"}]
    assert notes(*said, *said) == ("chooses\nmore", "b")


@pytest.mark.parametrize(
    "diagnostic",
    [
        {"severity": "info#err"},
        {"severity": "warning"},
        {"severity": "debug"},
        {"severity": "info", "urn": DOCUMENT["steps"][0]["urn"]},
        {"severity": "info", "urn": "urn:pulumi:prod::p::a:b:C$pulumi:pulumi:Stack::inner"},
        {"severity": "info", "message": " \n"},
        {"severity": "info", "message": 3},
    ],
)
def test_what_others_say_is_no_note(diagnostic: dict[str, Any]) -> None:
    assert notes({"message": "Downloading provider: kubernetes", **diagnostic}) == ()


@pytest.mark.parametrize("urn", ["", None])
def test_an_error_is_told_whatever_it_is_about(urn: str | None) -> None:
    content = {**DOCUMENT, "diagnostics": [{"urn": urn, "message": "error: no\n", "severity": "error"}]}
    assert read(json.dumps(content).encode(), "preview.json").messages("error") == ("no",)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_what_a_shell_of_windows_wrote_is_read(encoding: str) -> None:
    assert read(TEXT.decode().encode(encoding), "preview.json") == read(TEXT, "preview.json")


@pytest.mark.parametrize("data", [b"", b" \n\t", "\ufeff".encode()])
def test_empty(data: bytes) -> None:
    assert "is empty" in refusal(data)


def test_cut_off_anywhere_is_refused() -> None:
    for length in range(1, len(TEXT)):
        assert "is cut off" in refusal(TEXT[:length]), TEXT[:length]


@pytest.mark.parametrize(
    "data",
    [
        b"Previewing update (prod):\n",
        b"error: no stack named 'prod' found",
        b"\x00\x01\x02",
        b"{]",
        b'{"steps": []} {"steps": []}',
        b"[" * 100_000,
        b'{"steps":' + b'{"a":' * 100_000,
        b'{"\xff": 1}',
    ],
)
def test_not_json(data: bytes) -> None:
    assert "isn't what pulumi preview --json prints" in refusal(data)


def test_half_a_character_in_utf_16() -> None:
    assert "isn't valid utf-16" in refusal(TEXT.decode().encode("utf-16")[:-1])


@pytest.mark.parametrize("data", [b"[]", b"3", b'"text"', b"null", b'{"steps": {}}', b'{"changeSummary": {"a": "b"}}'])
def test_json_of_another_layout(data: bytes) -> None:
    assert "an engine newer than this program may have changed it" in refusal(data)


@pytest.mark.parametrize("data", [b"{}", b'{"apiVersion": "v1", "kind": "List", "items": []}'])
def test_another_document_is_not_a_preview_without_changes(data: bytes) -> None:
    assert "nothing of what pulumi preview --json prints" in refusal(data)


@pytest.mark.parametrize("data", [EVENT, EVENT * 3, EVENT.decode().encode("utf-16")])
def test_the_stream_of_events_is_recognised(data: bytes) -> None:
    assert "PULUMI_ENABLE_STREAMING_JSON_PREVIEW" in refusal(data)


def test_too_large_is_refused_before_it_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_json, "MAX_BYTES", 2_000_000)
    data = b" " * 2_000_001
    tracemalloc.start()
    try:
        assert "holds more than 2 MB" in refusal(data)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_what_a_newer_engine_adds_is_passed_over() -> None:
    newer = json.loads(TEXT)
    newer |= {"version": 2, "policies": [{"name": "x"}]}
    newer["steps"][0] |= {"reason": {"kind": "new"}, "replaceReasons": None}
    newer["steps"][0]["newState"]["views"] = [1, 2]
    assert read(json.dumps(newer).encode(), "preview.json") == read(TEXT, "preview.json")


@pytest.mark.parametrize(
    "step", [None, 3, {}, {"op": "create"}, {"op": 1, "urn": "u"}, {"op": "create", "urn": "u", "newState": []}]
)
def test_a_step_that_cannot_be_read_does_not_hide_the_others(step: object) -> None:
    preview = read(json.dumps({**DOCUMENT, "steps": [step, *DOCUMENT["steps"]]}).encode(), "preview.json")
    assert preview.steps[0] is None
    assert preview.steps[1:] == read(TEXT, "preview.json").steps


@pytest.mark.parametrize("urn", ["", "urn", "urn:pulumi:prod", "urn:pulumi:prod::project", "::::::::", "a::b::$$::"])
def test_a_urn_of_any_form_can_be_asked(urn: str) -> None:
    (step,) = read(json.dumps({"steps": [{"op": "create", "urn": urn}]}).encode(), "preview.json").steps
    assert step is not None
    assert isinstance(step.types[-1] + step.name + step.stack, str)


def test_no_message_holds_what_was_in_the_document() -> None:
    password = secrets.token_urlsafe(16)
    for data in ({"steps": password}, {"steps": {password: password}}, {"config": [password]}, password):
        assert password not in refusal(json.dumps(data).encode())
        assert password not in refusal(f"{password} {data}".encode())


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda v: st.lists(v) | st.dictionaries(
    st.sampled_from(["config", "steps", "op", "urn", "diagnostics", "oldState", "inputs", "message"]), v
)))  # fmt: skip
def test_any_json_is_read_or_refused(value: object) -> None:
    with contextlib.suppress(PreviewUnreadableError):
        assert isinstance(read(json.dumps(value).encode(), "preview.json"), Preview)


@given(st.binary())
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(PreviewUnreadableError):
        read(data, "preview.json")
