"""How much of Python's stack goes into the state."""

import sys
import traceback

import pytest
from pulumi_image_pull_secrets.stack_traces import left_out


def deep(levels: int) -> int:
    return deep(levels - 1) if levels else len(traceback.extract_stack())


def test_only_the_innermost_frame_is_seen_within() -> None:
    with left_out():
        assert deep(50) == 1
    assert deep(50) > 50


@pytest.mark.parametrize("before", [None, 3])
def test_whatever_happens_it_is_as_before_afterwards(before: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(sys, "tracebacklimit", raising=False)
    if before is not None:
        monkeypatch.setattr(sys, "tracebacklimit", before, raising=False)
    with pytest.raises(ValueError, match="in between"), left_out():
        raise ValueError("in between")
    assert getattr(sys, "tracebacklimit", None) == before
