"""What goes wrong, as the engine's gRPC protocol has it."""

import functools
from collections.abc import Callable
from typing import Any

import grpc
import urllib3
from google.protobuf import any_pb2
from pulumi.runtime.proto import provider_pb2, status_pb2

from .client import ApiError


class Failure(Exception):  # noqa: N818
    """What the engine is told."""


class IncompleteError(Exception):
    """The object is there, but not as it should be; the engine keeps its state, and tries again at the next up."""

    def __init__(self, identifier: str, kept: Any, message: str) -> None:
        super().__init__(message)
        detail = any_pb2.Any()
        detail.Pack(provider_pb2.ErrorResourceInitFailed(id=identifier, properties=kept, reasons=[message]))
        self.status = status_pb2.Status(code=grpc.StatusCode.UNKNOWN.value[0], message=message, details=[detail])


def answers(method: Callable[..., Any]) -> Callable[..., Any]:
    """Turns what goes wrong into an error of the protocol."""

    @functools.wraps(method)
    def wrapped(self: Any, request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return method(self, request)
        except IncompleteError as error:
            context.set_trailing_metadata((("grpc-status-details-bin", error.status.SerializeToString()),))
            context.abort(grpc.StatusCode.UNKNOWN, str(error))
        except (Failure, ApiError, urllib3.exceptions.HTTPError) as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))

    return wrapped
