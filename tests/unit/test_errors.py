"""What a mistake is called, where it stands among others, and what it is inside of."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi_image_pull_secrets.errors import InvalidArgumentsError, Problem, format_path

Path = tuple[str | int, ...]
PATHS = st.lists(st.sampled_from(["namespaces", "name", "", "10"]) | st.integers(0, 12), max_size=4).map(tuple)

IN_ORDER: list[Path] = [
    (),
    ("namespaces",),
    ("namespaces", 0),
    ("namespaces", 2, "name"),
    ("namespaces", 2, "service_accounts", 1),
    ("namespaces", 2, "service_accounts", 11),
    ("namespaces", 10),
    ("namespaces", 10, "create"),
    ("namespaces", "10"),
    ("registries", 0, "server"),
    ("secret_name",),
]


def test_problems_are_in_the_order_of_the_list_and_then_of_the_keys() -> None:
    problems = [Problem(path, "wrong") for path in IN_ORDER]
    mixed = random.Random(7).sample(problems, len(problems))
    assert sorted(mixed, key=lambda problem: problem.position) == problems


@given(PATHS, PATHS)
def test_any_two_places_can_be_compared_and_only_one_place_is_equal(one: Path, other: Path) -> None:
    first, second = (Problem(path, "").position for path in (one, other))
    assert (first < second) + (second < first) + (one == other) == 1


@pytest.mark.parametrize(
    ("path", "paths", "is_within"),
    [
        (("namespaces", 2, "name"), [("namespaces", 2, "name")], True),
        (("namespaces", 2, "name"), [("registries",), ("namespaces", 2)], True),
        (("namespaces", 2, "name"), [("namespaces", 1), ("namespaces", 2, "create")], False),
        (("namespaces", 2), [("namespaces", 2, "name")], False),
        (("namespaces", 22), [("namespaces", 2)], False),
        (("labels", "a.b"), [("labels", "a")], False),
        (("secret_name",), [()], True),
        ((), [()], True),
        (("secret_name",), [], False),
    ],
)
def test_a_problem_is_within_what_stands_around_it(path: Path, paths: list[Path], is_within: bool) -> None:
    assert Problem(path, "").is_within(paths) is is_within
    assert Problem(path, "").is_within(set(paths)) is is_within


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        (("secret_name",), "secret_name"),
        (("namespaces", 2, "service_accounts", 0), "namespaces[2].service_accounts[0]"),
        ((0, "name"), "[0].name"),
        (("labels", "é"), "labels.é"),
        (("labels", "a\nb", "\ud800"), "labels.'a\\nb'.'\\ud800'"),
        (("k" * 254,), f"'{'k' * 253}'…"),
    ],
)
def test_a_path_is_written_as_one_would_type_it(path: Path, text: str) -> None:
    assert format_path(path) == text


def test_one_mistake_is_not_called_several() -> None:
    error = InvalidArgumentsError("pulls", iter([Problem(("secret_name",), "missing")]))
    assert str(error) == 'ImagePullSecrets "pulls" has 1 mistake in its arguments:\n  secret_name: missing'
    assert error.problems == (Problem(("secret_name",), "missing"),)
