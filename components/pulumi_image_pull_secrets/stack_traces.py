"""No stack traces in the state.

Pulumi's SDK sends the Python stack, down to the interpreter's first frame, with each resource that is registered, and
the engine keeps it: 2.4 kB for each, nearly half of the state, which a backend of files writes again at every step. All
that is registered here comes from a few lines of this library, so there is nothing to learn from it. The SDK has no
setting for it, but walks the stack as ``traceback`` does, which has one.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

_FRAMES = 1
"""The SDK's own, which it leaves out."""


@contextmanager
def left_out() -> Iterator[None]:
    """Within it, what is registered brings none. The limit is the interpreter's: not for long."""
    before = getattr(sys, "tracebacklimit", None)
    sys.tracebacklimit = _FRAMES
    try:
        yield
    finally:
        if before is None:
            del sys.tracebacklimit
        else:
            sys.tracebacklimit = before
