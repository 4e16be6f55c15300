"""Programs that the engine ends before they are through, since something that they registered failed."""

import gc
import logging
import sys
from collections.abc import Iterator

import pytest


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Lets nobody hear of what the SDK leaves of such a program, which complains when it is collected."""
    monkeypatch.setattr(sys, "unraisablehook", lambda _: None)
    # A record in the log would keep it until another test.
    monkeypatch.setattr(logging.getLogger("grpc._server"), "disabled", True)
    yield
    gc.collect()
