"""What kubelets and container runtimes say, and the kind of failure that it is."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pulumi_image_pull_secrets.doctor.observation import ContainerSeen
from pulumi_image_pull_secrets.doctor.pull_failures import (
    PullFailure,
    classify,
    failure_of,
    missing_secrets,
    waits_for_image,
)

from tests.unit.doctor.observed import container, pod

MESSAGES = [
    (PullFailure[kind], each["runtime"], each["source"], each["text"])
    for kind, said in yaml.safe_load(Path(__file__).with_name("pull_messages.yaml").read_text()).items()
    for each in said
]
"""Kind, runtime, source, text."""
IMAGE = "ghcr.io/acme/web:1"
EVENT = f'Failed to pull image "{IMAGE}": '
BACK_OFF = f'Back-off pulling image "{IMAGE}"'


def failing(reason: str = "ImagePullBackOff", message: str = "", events: tuple[str, ...] = ()) -> PullFailure | None:
    waiting = container(IMAGE, waiting_reason=reason, waiting_message=message)
    failure = failure_of(pod(waiting, events=events), waiting)
    return failure.kind if failure else None


def said(message: str) -> str:
    waiting = container(IMAGE, message)
    failure = failure_of(pod(waiting), waiting)
    assert failure is not None
    return failure.said


@pytest.mark.parametrize(("kind", "runtime", "source", "text"), MESSAGES)
def test_real_messages_are_told_apart(kind: PullFailure, runtime: str, source: str, text: str) -> None:
    assert classify(text) is kind


@pytest.mark.parametrize("runtime", ["containerd", "CRI-O", "dockerd"])
@pytest.mark.parametrize(
    "kind",
    [
        PullFailure.UNAUTHORIZED,
        PullFailure.NOT_FOUND,
        PullFailure.RATE_LIMITED,
        PullFailure.TLS,
        PullFailure.TIMEOUT,
        PullFailure.UNREACHABLE,
        PullFailure.WRONG_ARCHITECTURE,
    ],
)
def test_each_runtime_has_a_real_message_of_each_kind(runtime: str, kind: PullFailure) -> None:
    assert [source for each, by, source, _ in MESSAGES if (each, by) == (kind, runtime)]


@pytest.mark.parametrize(
    "image",
    [
        "ghcr.io/denied/unauthorized:404",
        "x509.example/not-found/manifest-unknown:429",
        "unauthorized.example:5000/acme/denied@sha256:0404",
        "reg.example/no-such-host/toomanyrequests",
    ],
)
@pytest.mark.parametrize("message", ["EOF", "dial tcp 10.0.0.1:443: connect: connection refused"])
def test_no_name_of_an_image_decides(image: str, message: str) -> None:
    text = (
        f'Failed to pull image "{image}": failed to pull and unpack image "{image}": failed to do request: '
        f'Head "https://{image}": {message}'
    )
    assert classify(text) is PullFailure.UNREACHABLE
    assert classify(f"initializing source docker://{image}: {message}") is PullFailure.UNREACHABLE
    assert classify(f"Error reading manifest 1 in {image}: {message}") is PullFailure.UNREACHABLE


def test_of_several_credentials_the_pull_that_came_furthest_counts() -> None:
    refused = "rpc error: code = Unknown desc = x: 401 Unauthorized"
    unpacked = 'failed to pull and unpack image "a/b": no match for platform in manifest: not found'
    assert classify(f"[{refused}, {unpacked}]") is PullFailure.WRONG_ARCHITECTURE
    assert classify(f"[{unpacked}, {refused}]") is PullFailure.WRONG_ARCHITECTURE
    assert classify(f"[{refused}, {refused}]") is PullFailure.UNAUTHORIZED


def test_a_container_that_does_not_wait_for_its_image_has_no_failure() -> None:
    assert failing("") is None
    assert failing("CrashLoopBackOff", "back-off 5m0s restarting failed container") is None
    assert failing("ContainerCreating") is None


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("InvalidImageName", PullFailure.INVALID_NAME),
        ("ErrImageNeverPull", PullFailure.NEVER_PULLED),
        ("RegistryUnavailable", PullFailure.UNREACHABLE),
        ("SignatureValidationFailed", PullFailure.UNKNOWN),
        ("ErrImagePull", PullFailure.UNKNOWN),
    ],
)
def test_reasons_of_the_kubelet_that_say_it_all(reason: str, kind: PullFailure) -> None:
    assert failing(reason, "image pull failed for some reason") is kind


def test_what_a_newer_kubelet_cannot_read_is_the_reason_itself() -> None:
    # v1.36: EnsureImageExists returns the parser's error as it is, and the reason is the error.
    assert failing("illegal base64 data at input byte 4", "illegal base64 data at input byte 4") is (
        PullFailure.CREDENTIALS
    )
    assert failing("json: cannot unmarshal string into Go value of type x") is PullFailure.CREDENTIALS
    assert said("illegal base64 data at input byte 4") == ""


def test_a_back_off_that_says_nothing_is_told_by_the_events() -> None:
    assert failing(message=BACK_OFF) is PullFailure.UNSEEN
    events = ("Error: ImagePullBackOff", "Error: ErrImagePull", f"{EVENT}x: 429 Too Many Requests")
    assert failing(message=BACK_OFF, events=events) is PullFailure.RATE_LIMITED


def test_a_back_off_that_says_why_is_believed_before_the_events() -> None:
    message = f"{BACK_OFF}: ErrImagePull: ghcr.io/acme/web:1: not found"
    assert failing(message=message, events=(f"{EVENT}429 Too Many Requests",)) is PullFailure.NOT_FOUND


def test_events_of_another_image_count_only_where_there_are_no_others() -> None:
    other = 'Failed to pull image "quay.io/acme/db:1": quay.io/acme/db:1: not found'
    assert failing(events=(other, f"{EVENT}429 Too Many Requests")) is PullFailure.RATE_LIMITED
    assert failing(events=(other,)) is PullFailure.NOT_FOUND


def test_the_newest_event_counts() -> None:
    assert failing(events=(f"{EVENT}401 Unauthorized", f"{EVENT}EOF")) is PullFailure.UNAUTHORIZED


def test_what_is_shown_is_the_end_of_the_message() -> None:
    assert said(f'{EVENT}failed to resolve reference "{IMAGE}": pull access denied') == "pull access denied"
    assert said("rpc error: code = Unknown desc = Error response from daemon: denied") == "denied"
    assert said(f"{BACK_OFF}: ErrImagePull: short") == "short"


def test_what_is_shown_holds_no_query_and_no_login_of_an_address() -> None:
    text = said(
        "Get https://bot:hush-hush@r2.example/blobs/sha256:3b?X-Amz-Credential=f1ba&X-Amz-Signature=562c: 403 Forbidden"
    )
    assert text == "Get https://r2.example/blobs/sha256:3b: 403 Forbidden"


def test_what_is_shown_is_one_printable_line_of_some_length() -> None:
    text = said("a\n\x1b[31mb\u202ec " + "x" * 500)
    assert text.startswith("…")
    assert len(text) == 200
    assert said("a\n\x1b[31mb\u202ec") == "a [31mb c"


@given(st.text())
def test_any_text_is_of_some_kind(text: str) -> None:
    assert classify(text) in PullFailure
    assert said(text).isprintable()


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_reason_and_message_have_some_failure_or_none(reason: str, message: str) -> None:
    waiting = ContainerSeen("main", IMAGE, "Always", reason, message)
    failure = failure_of(pod(waiting), waiting)
    assert (failure is not None) is waits_for_image(waiting)


def test_secrets_that_the_kubelet_could_not_get_are_told_by_its_events() -> None:
    retrieve = "Unable to retrieve some image pull secrets (a, b); attempting to pull the image may not succeed."
    assert missing_secrets(pod(events=("Error: ErrImagePull", retrieve))) == {"a", "b"}
    assert missing_secrets(pod()) == set()
    assert failing(message=BACK_OFF, events=(retrieve,)) is PullFailure.UNSEEN


def test_whether_events_are_worth_reading() -> None:
    assert waits_for_image(container(said=""))
    assert waits_for_image(container(waiting_reason="unexpected end of JSON input"))
    assert not waits_for_image(container())
    assert not waits_for_image(container(waiting_reason="CrashLoopBackOff"))
