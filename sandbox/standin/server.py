"""Serves the provider to the engine that started it, and ends with it."""

import os
import sys
from concurrent import futures

import grpc
from pulumi.runtime.proto import engine_pb2_grpc, provider_pb2_grpc

from .plugin import Plugin

_WORKERS = 64


def main(engine: int) -> None:
    """Serves until the process ``engine`` ends, or ends us; the port on standard output is how it finds us."""
    channel = grpc.insecure_channel(sys.argv[1])
    server = grpc.server(futures.ThreadPoolExecutor(_WORKERS), options=[("grpc.max_receive_message_length", -1)])
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Plugin(engine_pb2_grpc.EngineStub(channel)), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    # A killed engine ends nobody: without this the plugin would stay behind it.
    while server.wait_for_termination(timeout=1):
        if os.getppid() != engine:
            return
