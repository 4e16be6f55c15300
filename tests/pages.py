"""The pages that people read, taken apart: their blocks of code, and which of them a test types.

A block is typed by ``tests/integration/test_pages.py`` where its commands stand behind ``$`` with what they print
below them, or where ``<!-- run -->`` stands before it. The tutorial has a test of its own, which types all of it. A
block that isn't typed has ``<!-- not run: and why -->`` before it; on the first line of a page this counts for the
whole page.
"""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.engine import CHECKOUT

TUTORIAL = CHECKOUT / "docs" / "tutorial.md"
LEFT_OUT = "…"
"""A line that stands for any number of lines."""
RUN = "run"
_COMMENT = re.compile(r"<!-- (.*) -->")
_NOT_RUN = re.compile(r"not run: \S.*")
_SHELL_LANGUAGES = {"sh", "bash", "shell", "console"}
_COMMANDS = (
    r"\.venv/bin/\w+|actionlint|aws|az|cd|curl|docker|export|gcloud|gh|git|go|helm|kind|kubectl|make|minikube|pip"
    r"|printf|pull-secrets|pulumi|python3?|read|sed|terraform|unset|uv|[A-Z][A-Z_]+=\S+"
)
_STARTS_LIKE_A_COMMAND = re.compile(rf"(\$ |({_COMMANDS})( |$))")


@dataclass(frozen=True)
class Block:
    """A block of code, fenced or indented."""

    line: int
    """Of the page, from 1, on which its first line of code stands."""
    language: str
    lines: tuple[str, ...]
    mark: str | None
    """What the comment right before it says."""

    @property
    def is_shell(self) -> bool:
        if self.language:
            return self.language in _SHELL_LANGUAGES
        return any(map(_STARTS_LIKE_A_COMMAND.match, self.lines))

    @property
    def has_prompts(self) -> bool:
        return any(line.startswith("$ ") for line in self.lines)

    @property
    def is_left_alone(self) -> bool:
        return bool(self.mark and _NOT_RUN.fullmatch(self.mark))

    @property
    def is_typed(self) -> bool:
        return not self.is_left_alone and (self.has_prompts or self.mark == RUN)


@dataclass
class Step:
    command: str
    shown: list[str] = field(default_factory=list)


def pages() -> list[Path]:
    """Every page of the checkout that isn't what a test compares with."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", "*.md"]
    names = subprocess.run(listed, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [CHECKOUT / name for name in names if not name.startswith("tests/") and (CHECKOUT / name).exists()]


def blocks(text: str) -> Iterator[Block]:
    """The blocks of code, in their order. Those in a quotation are somebody else's text."""
    lines = text.splitlines()
    for_all = _mark(lines[0]) if lines and _NOT_RUN.fullmatch(_mark(lines[0]) or "") else None
    index = 0
    while index < len(lines):
        mark = for_all or _mark_before(lines, index)
        if fence := re.match(r" *(```+|~~~+) *(\w*)", lines[index]):
            end = index + 1
            while end < len(lines) and not lines[end].strip().startswith(fence[1]):
                end += 1
            yield Block(index + 2, fence[2], tuple(lines[index + 1 : end]), mark)
            index = end + 1
        elif lines[index].startswith("    ") and (
            index == 0 or not lines[index - 1].strip() or _mark(lines[index - 1])
        ):
            end = index
            while end < len(lines) and (lines[end].startswith("    ") or not lines[end].strip()):
                end += 1
            yield Block(index + 1, "", _dedented(lines[index:end]), mark)
            index = end
        else:
            index += 1


def steps(page: Path) -> list[Step]:
    """What a reader of the page types, with what it shows to be printed."""
    found: list[Step] = []
    for block in blocks(page.read_text(encoding="utf-8")):
        if block.is_shell and block.is_typed:
            found += _steps(block)
    return found


def _steps(block: Block) -> Iterator[Step]:
    step: Step | None = None
    for line in block.lines:
        if step and step.command.endswith("\\"):
            step.command = step.command.removesuffix("\\") + line.strip()
        elif line.startswith("$ ") or (not block.has_prompts and line.strip()):
            if step:
                yield step
            step = Step(line.removeprefix("$ "))
        elif step:
            step.shown.append(line)
    if step:
        yield step


def _dedented(lines: list[str]) -> tuple[str, ...]:
    while lines and not lines[-1].strip():
        lines = lines[:-1]
    indent = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
    return tuple(line[indent:] for line in lines)


def _mark(line: str) -> str | None:
    found = _COMMENT.fullmatch(line.strip())
    return found[1] if found else None


def _mark_before(lines: list[str], index: int) -> str | None:
    above = [line for line in lines[max(0, index - 2) : index] if line.strip()]
    return _mark(above[-1]) if above else None
