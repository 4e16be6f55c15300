"""Label selectors mean what Kubernetes's own Go code says: thousands of generated ones, without one difference."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import hypothesis
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from pulumi_image_pull_secrets.errors import LabelSelectorError
from pulumi_image_pull_secrets.label_selector import parse

from tests.integration.go_program import answering

_IS_LONG = settings.get_current_profile_name() == "long"
_SETTINGS = settings(max_examples=50_000 if _IS_LONG else 2_000, deadline=None, derandomize=not _IS_LONG)

KEYS = ["a", "b", "in", "notin", "acme.example/team", "A_b.c-d", "exists"]
VALUES = ["", "a", "b", "3", "-3", "+3", "03", "9223372036854775807", "9223372036854775808", "x.y", "in", "notin"]
LABELS: list[dict[str, str]] = [{}, *({key: value} for key in KEYS for value in VALUES), {"a": "a", "b": "3"}]
ODD_WORDS = ["-a", "a-", "a/b/c", "/a", "a/", "é", "x" * 64, "acme..example/a", "3.5", "1_0", "x" * 63]
SYMBOLS = ["=", "==", "!=", "!", "(", ")", ",", "<", ">", "in", "notin", " ", "\t", "\r\n", "\u00a0", "\f"]

_values = st.sampled_from(VALUES)
_sets = st.lists(_values, max_size=3).map(lambda values: "(" + ",".join(values) + ")")
_spaces = st.sampled_from(["", " ", " \t"])
_requirements = st.one_of(
    st.tuples(st.sampled_from(KEYS), _spaces, st.sampled_from(["=", "==", "!=", "<", ">"]), _spaces, _values),
    st.tuples(st.sampled_from(KEYS), st.just(" "), st.sampled_from(["in", "notin"]), _spaces, _sets),
    st.tuples(st.sampled_from(["", "!", "! "]), st.sampled_from(KEYS)),
).map("".join)
_right = st.lists(_requirements, max_size=3).map(",".join)
_pieces = st.sampled_from(KEYS + VALUES + ODD_WORDS + SYMBOLS)
_wrong = st.lists(_pieces, max_size=8).map("".join)
# The Go code ends a text at NUL.
_noise = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
_spoiled = st.tuples(_right, st.integers(0, 40), _pieces).map(
    lambda each: each[0][: each[1]] + each[2] + each[0][each[1] :]
)
SELECTORS = st.one_of(_right, _spoiled, _wrong, _noise)

Ask = Callable[[str, Sequence[Mapping[str, str]]], Any]


@pytest.fixture(scope="module")
def ask_kubernetes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    with answering("labels/main.go", tmp_path_factory.mktemp("labels")) as kubernetes:
        yield lambda selector, labels: kubernetes.ask({"selector": selector, "labels": labels})


def our_answer(selector: str, labels: Sequence[Mapping[str, str]]) -> Any:
    try:
        parsed = parse(selector)
    except LabelSelectorError:
        return {"isSelector": False, "selected": [False] * len(labels)}
    return {"isSelector": True, "selected": [parsed.matches(each) for each in labels]}


def test_it_selects_what_kubernetes_selects(ask_kubernetes: Ask) -> None:
    @_SETTINGS
    @hypothesis.given(SELECTORS)
    @hypothesis.example("x in ()")
    @hypothesis.example("!x=y")
    @hypothesis.example("a,")
    @hypothesis.example("a=!=b")
    def compare(selector: str) -> None:
        assert our_answer(selector, LABELS) == ask_kubernetes(selector, LABELS)

    compare()
