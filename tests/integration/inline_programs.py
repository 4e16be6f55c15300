"""Keeps the programs apart that the Automation API runs in this process, in a thread each.

Elsewhere Pulumi runs a program in a process of its own. Here one may run while another does: after an error the engine
ends without waiting for its program, and some tests have a program run in the middle of another.
"""

import asyncio
import sys

import pytest
from pulumi.runtime._callbacks import _CallbackServicer
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS


async def _stop_own_servers() -> None:
    """The SDK stops all callback servers that the process ever had, and can't where their loop is another one.

    A server that its program had no time to stop stays in the list, since it would complain when it is collected.
    """
    # A program that is collected can await nothing any more, and the loop that runs then is none of its own.
    if isinstance(sys.exc_info()[1], GeneratorExit):
        return
    for servicer in _CallbackServicer._servicers:
        if servicer._server._loop is asyncio.get_running_loop():
            await servicer._server.stop(grace=0)


def keep_apart(patch: pytest.MonkeyPatch) -> None:
    """For all programs from now on, until the patch is undone."""
    patch.setattr(_CallbackServicer, "shutdown", _stop_own_servers)
    # A connection that failed is remembered by its port, which a later engine may be given.
    options = [*_GRPC_CHANNEL_OPTIONS, ("grpc.use_local_subchannel_pool", 1)]
    patch.setattr("pulumi.runtime.settings._GRPC_CHANNEL_OPTIONS", options)
