"""Kubernetes's label selectors, such as ``team in (a, b),env!=dev``. Pure.

The grammar and its corners are those of ``Parse`` in ``k8s.io/apimachinery/pkg/labels/selector.go``, which a test
compares with. https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from . import names
from .errors import LabelSelectorError

NAME_LABEL = "kubernetes.io/metadata.name"
"""The API server gives it to each namespace; its value is the name.
https://kubernetes.io/docs/reference/labels-annotations-taints/#kubernetes-io-metadata-name"""
_SPACES = " \t\r\n"
_TOKEN = re.compile(rf"==|!=|[=!(),<>]|[^=!(),<>{_SPACES}]+")
_NUMBER = re.compile(r"[-+]?[0-9]+")
_MAX_NUMBER = 2**63
_OPERATORS = {
    "=": "in", "==": "in", "!=": "notin", "in": "in", "notin": "notin", ">": ">", "<": "<",
}  # fmt: skip


@dataclass(frozen=True)
class Requirement:
    """One condition on one label."""

    key: str
    operator: str
    """``in``, ``notin``, ``exists``, ``!``, ``>`` or ``<``."""
    values: frozenset[str] = frozenset()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether an object with these labels fulfils it; one without the label fulfils ``notin`` and ``!``."""
        value = labels.get(self.key)
        if self.operator in ("exists", "!"):
            return (value is not None) is (self.operator == "exists")
        if value is None:
            return self.operator == "notin"
        if self.operator in ("in", "notin"):
            return (value in self.values) is (self.operator == "in")
        (bound,) = map(_number, self.values)
        found = _number(value)
        if found is None or bound is None:
            return False
        return found > bound if self.operator == ">" else found < bound


@dataclass(frozen=True)
class LabelSelector:
    """All of its requirements have to be fulfilled; without any, it selects everything."""

    requirements: tuple[Requirement, ...]

    @property
    def is_everything(self) -> bool:
        """Whether every namespace is selected, whatever else it is labelled with."""
        return all(each == Requirement(NAME_LABEL, "exists") for each in self.requirements)

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether an object with these labels is selected."""
        return all(requirement.matches(labels) for requirement in self.requirements)


def parse(text: str) -> LabelSelector:
    """The selector that ``text`` is. Raises LabelSelectorError, with the position of what is wrong."""
    return LabelSelector(tuple(_Parser(text).requirements()))


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = list(_scanned(text))

    def requirements(self) -> Iterator[Requirement]:
        if self._next() == "":
            return
        while True:
            yield self._requirement()
            if self._next() == "":
                return
            self._take(",")

    def _requirement(self) -> Requirement:
        is_absent = self._skip("!")
        position, key = self._word("a label's key")
        if problem := names.qualified_name_problem(key):
            raise LabelSelectorError(problem, position)
        if is_absent:
            return Requirement(key, "!")
        if self._next() in ("", ","):
            return Requirement(key, "exists")
        operator = self._operator()
        is_set = operator in ("in", "notin")
        values = self._set() if is_set else [self._value()]
        for position, value in values:
            if problem := names.label_value_problem(value):
                raise LabelSelectorError(problem, position)
            if _OPERATORS[operator] in "<>" and _number(value) is None:
                raise LabelSelectorError(f"{names.shown(value)} is not an integer, as {operator} needs it", position)
        return Requirement(key, _OPERATORS[operator], frozenset(value for _, value in values))

    def _operator(self) -> str:
        position, token = self._tokens[0]
        if token not in _OPERATORS:
            raise LabelSelectorError(f"{_found(token)}, where one of {', '.join(_OPERATORS)} is expected", position)
        self._tokens.pop(0)
        return token

    def _value(self) -> tuple[int, str]:
        if self._next() in ("", ","):
            return self._tokens[0][0], ""
        return self._word("a value")

    def _set(self) -> list[tuple[int, str]]:
        self._take("(")
        values: list[tuple[int, str]] = []
        while True:
            # An empty value, as in (a,,b), is one as well.
            is_empty = self._next() in (",", ")")
            values.append((self._tokens[0][0], "") if is_empty else self._word("a value"))
            if self._skip(")"):
                return values
            self._take(",", "',' or ')'")

    def _next(self) -> str:
        return self._tokens[0][1]

    def _skip(self, symbol: str) -> bool:
        if self._next() != symbol:
            return False
        self._tokens.pop(0)
        return True

    def _take(self, symbol: str, expected: str = "") -> None:
        position, token = self._tokens[0]
        if not self._skip(symbol):
            raise LabelSelectorError(f"{_found(token)}, where {expected or repr(symbol)} is expected", position)

    def _word(self, expected: str) -> tuple[int, str]:
        position, token = self._tokens[0]
        if not token or token in "=!(),<>" or token in ("==", "!="):
            raise LabelSelectorError(f"{_found(token)}, where {expected} is expected", position)
        return self._tokens.pop(0)


def _scanned(text: str) -> Iterator[tuple[int, str]]:
    """Position, from 1, and text of each token; the last is empty."""
    position = 0
    while True:
        while position < len(text) and text[position] in _SPACES:
            position += 1
        match = _TOKEN.match(text, position)
        token = match[0] if match else ""
        yield position + 1, token
        if not token:
            return
        position += len(token)


def _found(token: str) -> str:
    return f"{names.shown(token)} found" if token else "it ends"


def _number(text: str) -> int | None:
    if not _NUMBER.fullmatch(text) or len(text) > names.MAX_LABEL:
        return None
    number = int(text)
    return number if -_MAX_NUMBER <= number < _MAX_NUMBER else None
