"""The stand-in plugin as a process: what it is to the engine, whatever the resource.

Here too is what the other tests of its contract drive it with: the engine's side of the protocol, a millisecond a call.
"""

import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent import futures
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import psutil
import pytest
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2, provider_pb2_grpc

from sandbox.engine import CHECKOUT
from tests.integration.live import CONTEXT, LiveCluster

COMMAND = [sys.executable, "-m", "sandbox.standin"]
Values = dict[str, Any]


class EngineSide(engine_pb2_grpc.EngineServicer):
    """Keeps what the plugin logs."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def Log(self, request: Any, context: Any) -> empty_pb2.Empty:  # noqa: N802, ARG002
        if request.severity == engine_pb2.WARNING:
            self.warnings.append(request.message)
        return empty_pb2.Empty()


class Standin:
    """A running and configured plugin."""

    def __init__(self, stub: provider_pb2_grpc.ResourceProviderStub, engine: EngineSide, pid: int) -> None:
        self.stub = stub
        self.pid = pid
        self._engine = engine

    @property
    def warnings(self) -> list[str]:
        return self._engine.warnings

    def resource(self, token: str, inputs: Values) -> "Resource":
        return Resource(self.stub, f"urn:pulumi:test::project::kubernetes:{token}::r", inputs)


class Resource:
    """One resource, as the engine handles it: checked inputs, an id, a state."""

    def __init__(self, stub: provider_pb2_grpc.ResourceProviderStub, urn: str, inputs: Values) -> None:
        self._stub = stub
        self._urn = urn
        self.inputs = self.check(inputs)
        self.id = ""
        self.state: Values = {}

    def check(self, inputs: Values) -> Values:
        return values(self._stub.Check(provider_pb2.CheckRequest(urn=self._urn, news=struct(inputs))).inputs)

    def create(self, *, preview: bool = False) -> "Resource":
        request = provider_pb2.CreateRequest(urn=self._urn, properties=struct(self.inputs), preview=preview)
        response = self._stub.Create(request)
        self.id, self.state = response.id, values(response.properties)
        return self

    def diff(self, inputs: Values) -> Any:
        news = struct(self.check(inputs))
        return self._stub.Diff(provider_pb2.DiffRequest(urn=self._urn, id=self.id, olds=struct(self.state), news=news))

    def update(self, inputs: Values, *, preview: bool = False) -> Values:
        request = provider_pb2.UpdateRequest(
            urn=self._urn, id=self.id, olds=struct(self.state), news=struct(self.check(inputs)), preview=preview
        )
        state = values(self._stub.Update(request).properties)
        if not preview:
            self.state = state
        return state

    def read(self, identifier: str = "") -> Any:
        """With an id, as ``get`` does, which knows nothing else; without one, as refresh does."""
        if identifier:
            return self._stub.Read(provider_pb2.ReadRequest(urn=self._urn, id=identifier))
        request = provider_pb2.ReadRequest(
            urn=self._urn, id=self.id, properties=struct(self.state), inputs=struct(self.inputs)
        )
        return self._stub.Read(request)

    def delete(self, *, seconds: float = 0) -> None:
        state = struct(self.state)
        request = provider_pb2.DeleteRequest(urn=self._urn, id=self.id, properties=state, timeout=seconds)
        self._stub.Delete(request)


@contextmanager
def running(kubeconfig: Path | str, context: str = CONTEXT, **options: str) -> Iterator[Standin]:
    """A plugin of its own, with these options of the provider."""
    engine = EngineSide()
    server = grpc.server(futures.ThreadPoolExecutor(4))
    engine_pb2_grpc.add_EngineServicer_to_server(engine, server)
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        with subprocess.Popen([*COMMAND, address], stdout=subprocess.PIPE, cwd=CHECKOUT) as process:
            assert process.stdout is not None
            try:
                port = int(process.stdout.readline())
                with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                    stub = provider_pb2_grpc.ResourceProviderStub(channel)
                    configuration = {"kubeconfig": str(kubeconfig), "context": context, **options}
                    variables = {f"kubernetes:config:{key}": value for key, value in configuration.items()}
                    stub.Configure(provider_pb2.ConfigureRequest(variables=variables, acceptSecrets=True))
                    yield Standin(stub, engine, process.pid)
            finally:
                process.kill()
    finally:
        server.stop(None)


def struct(mapping: Mapping[str, Any]) -> struct_pb2.Struct:
    return json_format.ParseDict(mapping, struct_pb2.Struct())


def values(message: struct_pb2.Struct) -> Values:
    mapping: Values = json_format.MessageToDict(message)
    return mapping


def config_map(namespace: str, name: str, **metadata: Any) -> Values:
    """What the plugin knows least of: an object with nothing special about it."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace, **metadata},
        "data": {"key": "value"},
    }


def test_the_engine_is_told_the_version_of_the_provider_it_stands_in_for(cluster: LiveCluster) -> None:
    with running(cluster.admin_kubeconfig) as standin:
        info = standin.stub.GetPluginInfo(empty_pb2.Empty())

    assert info.version.endswith("+standin")


def test_requests_run_at_once(cluster: LiveCluster) -> None:
    namespace = cluster.new_namespace()
    with running(cluster.admin_kubeconfig) as standin:
        held = standin.resource("core/v1:ConfigMap", config_map(namespace, "held", finalizers=["test/held"])).create()
        deletion = threading.Thread(target=lambda: held.delete(seconds=20))
        deletion.start()
        try:
            cluster.wait_for(lambda: _is_being_deleted(cluster, namespace, "held"))
            # The delete above waits for its object, and holds nobody up meanwhile.
            names = [f"other-{number}" for number in range(20)]
            with futures.ThreadPoolExecutor(20) as pool:
                others = list(
                    pool.map(
                        lambda name: standin.resource("core/v1:ConfigMap", config_map(namespace, name)).create(), names
                    )
                )
            assert [other.id for other in others] == [f"{namespace}/{name}" for name in names]
            assert deletion.is_alive()
        finally:
            cluster.kubectl("patch", "configmap", "held", "-n", namespace, "-p", '{"metadata":{"finalizers":null}}')
            deletion.join(30)


def test_kube_client_settings_set_the_rate_of_requests(cluster: LiveCluster) -> None:
    namespace = cluster.new_namespace()

    def seconds(settings: str) -> float:
        with running(cluster.admin_kubeconfig, kubeClientSettings=settings) as standin:
            account = standin.resource("core/v1:ConfigMap", config_map(namespace, "any"))
            started = time.monotonic()
            for _ in range(12):
                account.read(f"{namespace}/any")
            return time.monotonic() - started

    # At 10 a second and one at once, 12 requests can't take less than 1.1 s; at 1000, they need a few milliseconds.
    assert seconds('{"qps": 10, "burst": 1}') > 1.1
    assert seconds('{"qps": 1000, "burst": 2000}') < 1.1


@pytest.mark.parametrize("delay", [0.0, 2.0], ids=["while the plugin starts", "once it serves"])
def test_killing_the_engine_leaves_no_plugin_behind(delay: float) -> None:
    mark = f"127.0.0.1:{secrets.randbelow(1000) + 1}"
    # The engine is whoever started the plugin; this one does nothing else.
    program = f"import subprocess; subprocess.run({[*COMMAND, mark]!r}, cwd={str(CHECKOUT)!r})"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.DEVNULL) as engine:
        plugin = _wait_for_child(engine.pid)
        time.sleep(delay)
        assert plugin.is_running()
        engine.send_signal(signal.SIGKILL)

    try:
        plugin.wait(20)
    finally:
        if plugin.is_running():
            os.kill(plugin.pid, signal.SIGKILL)


def _wait_for_child(pid: int) -> psutil.Process:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if children := psutil.Process(pid).children():
            # Its own first lines are what tells it who its engine is.
            time.sleep(0.2)
            return children[0]
        time.sleep(0.01)
    raise AssertionError("no plugin was started")


def _is_being_deleted(cluster: LiveCluster, namespace: str, name: str) -> bool:
    found: Any = cluster.api.read_namespaced_config_map(name, namespace)
    return bool(found.metadata.deletion_timestamp)
