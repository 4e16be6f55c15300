"""Our keyring against the kubelet's own code: for any image and any Secrets, the same credentials in the same order."""

import base64
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby, islice
from typing import Any

import hypothesis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pulumi_image_pull_secrets import image_reference
from pulumi_image_pull_secrets.docker_config import registry_key
from pulumi_image_pull_secrets.errors import RegistryAddressError
from pulumi_image_pull_secrets.key_pattern import Mistake, example, mistake
from pulumi_image_pull_secrets.keyring import Config, Credential, Fault, Keyring, Kind, parse

from tests.integration.go_program import answering
from tests.integration.odd_configs import ADDRESSES, IMAGES, KEYS, PLAIN_CONFIGS, SOME_IMAGES, TROUBLED_CONFIGS, Content

_IS_LONG = settings.get_current_profile_name() == "long"
_SETTINGS = settings(max_examples=2_000 if _IS_LONG else 100, deadline=None, derandomize=not _IS_LONG)
"""An example is up to 50 cases, so that a long run has 100,000: to draw one takes longer than to try it."""

Ask = Callable[[Sequence[str], Sequence[Config]], Any]


@pytest.fixture(scope="module")
def ask_the_kubelet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    with answering("kubelet/main.go", tmp_path_factory.mktemp("kubelet")) as kubelet:
        yield lambda images, configs: kubelet.ask({"images": images, "configs": [_asked(each) for each in configs]})


def _asked(config: Config) -> dict[str, str]:
    content = config.content.encode() if isinstance(config.content, str) else config.content
    return {"type": config.kind.value, "content": base64.b64encode(content).decode()}


def _numbered(contents: Sequence[Content]) -> list[Config]:
    return [Config(content, kind, str(number)) for number, (kind, content) in enumerate(contents)]


def _of_one_turn(credentials: Sequence[Credential]) -> list[int]:
    """How many at a time the kubelet tries in an order that differs from time to time."""
    return [len(list(group)) for _, group in groupby(credentials, lambda each: (each.source, each.pattern))]


def _in_turns(logins: Sequence[tuple[str, bytes, bytes]], sizes: Sequence[int]) -> list[list[tuple[str, bytes, bytes]]]:
    rest = iter(logins)
    return [*(sorted(islice(rest, size)) for size in sizes), sorted(rest)]


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")


def _fault(error: str) -> Fault:
    if "illegal base64" in error:
        return Fault.NOT_BASE64
    if "unable to parse auth field" in error:
        return Fault.NO_COLON
    if "cannot unmarshal" in error:
        return Fault.NOT_TEXT if error.endswith("of type string") else Fault.NOT_AN_OBJECT
    return Fault.NOT_JSON


def _assert_same_reference(image: str, theirs: Any) -> None:
    ours = image_reference.parse(image)
    assert (ours is None) == bool(theirs["error"]) == (image_reference.problem(image) is not None)
    if ours:
        assert (ours.name, ours.tag, ours.digest) == (theirs["name"], theirs["tag"], theirs["digest"])


def _assert_same(images: Sequence[str], configs: Sequence[Config], theirs: Any) -> Iterator[str]:
    """Yields what there was to see."""
    keyring = Keyring(map(parse, configs))
    assert bool(keyring.failures) == bool(theirs["error"]), theirs["error"]
    if keyring.failures:
        fault = _fault(theirs["error"])
        assert fault in {failure.fault for failure in keyring.failures}, theirs["error"]
        yield fault.name
        return
    for image, answer in zip(images, theirs["images"], strict=True):
        _assert_same_reference(image, answer)
        ours = keyring.lookup(image)
        assert bool(ours) == answer["found"]
        sizes = _of_one_turn(ours)
        logins = [(each.source, _bytes(each.username), _bytes(each.password)) for each in ours]
        expected = [
            (str(each["config"]), base64.b64decode(each["username"]), base64.b64decode(each["password"]))
            for each in answer["credentials"] or ()
        ]
        assert _in_turns(logins, sizes) == _in_turns(expected, sizes)
        if answer["error"]:
            yield "no reference"
        else:
            yield "Docker Hub's, as no other is" if ours and ours[0].pattern == "index.docker.io" else str(len(ours))


def test_the_same_credentials_in_the_same_order(ask_the_kubelet: Ask) -> None:
    seen: Counter[str] = Counter()

    @_SETTINGS
    @given(IMAGES, PLAIN_CONFIGS)
    def same(images: list[str], contents: list[Content]) -> None:
        for chosen in (*([content] for content in contents), contents, contents[::-1]):
            configs = _numbered(chosen)
            seen.update(_assert_same(images, configs, ask_the_kubelet(images, configs)))

    same()
    assert {"0", "1", "2", "3", "no reference", "Docker Hub's, as no other is"} <= seen.keys()


def test_a_config_is_read_as_the_kubelet_reads_it(ask_the_kubelet: Ask) -> None:
    seen: Counter[str] = Counter()
    images = ["ghcr.io/acme/app", "ghcr.io/app", "quay.io/acme/app", "nginx", "xn--9ca"]

    @_SETTINGS
    @given(TROUBLED_CONFIGS)
    @hypothesis.example([(Kind.DOCKER_CONFIG_JSON, '{"auths": {"ghcr.io": {"auth": "Ym90"}}}')])
    def same(contents: list[Content]) -> None:
        for chosen in (*([content] for content in contents), contents, contents[::-1]):
            configs = _numbered(chosen)
            seen.update(_assert_same(images, configs, ask_the_kubelet(images, configs)))

    same()
    assert {"0", "1", *(fault.name for fault in Fault)} <= seen.keys()


def test_an_image_is_a_reference_where_the_kubelet_says_so(ask_the_kubelet: Ask) -> None:
    @_SETTINGS
    @given(IMAGES)
    def same(images: list[str]) -> None:
        for image, answer in zip(images, ask_the_kubelet(images, ())["images"], strict=True):
            _assert_same_reference(image, answer)

    same()


def test_a_key_that_is_said_to_serve_an_image_does_and_one_that_is_said_to_serve_none_doesnt(
    ask_the_kubelet: Ask,
) -> None:
    seen: Counter[object] = Counter()

    @_SETTINGS
    @given(st.lists(KEYS, min_size=10, max_size=10), IMAGES)
    def holds(keys: list[str], images: list[str]) -> None:
        for key in keys:
            image = example(key)
            assert (image is None) == (mistake(key) is not None)
            seen[mistake(key)] += 1
            config = Config(json.dumps({"auths": {key: {"username": "bot", "password": "pw"}}}))
            found = ask_the_kubelet([image] if image else [*images, *SOME_IMAGES, f"{key}/a", key], [config])["images"]
            assert {bool(each["found"]) for each in found} == {image is not None}

    holds()
    assert seen.keys() == {None, *Mistake}


def test_a_registry_is_written_under_a_key_that_the_kubelet_finds(ask_the_kubelet: Ask) -> None:
    @_SETTINGS
    @given(st.lists(ADDRESSES, min_size=10, max_size=10))
    def holds(addresses: list[str]) -> None:
        for address in addresses:
            try:
                key = registry_key(address)
            except RegistryAddressError:
                continue
            assert mistake(key) is None

    holds()
