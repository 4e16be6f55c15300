"""YAML that somebody wrote, of which no error shows anything. Pure."""

from typing import Any

import yaml


def load(text: str) -> tuple[Any, str | None]:
    """The value of a YAML text, or why it has none, such as ``is not YAML (line 3, column 1)``.

    The parser's own errors quote the text, so none may become the context of one that is raised.
    """
    try:
        return yaml.safe_load(text), None
    # Beside its own errors, PyYAML lets through what int(), date() and the like say of a malformed scalar.
    except (yaml.YAMLError, RecursionError, ArithmeticError, AttributeError, LookupError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        position = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        return None, f"is not YAML{position}"
