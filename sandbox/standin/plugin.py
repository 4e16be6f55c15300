"""The resource provider, over the engine's gRPC protocol.

Each method mirrors the one of the same name in ``provider/pkg/provider/provider.go``, and what it calls in
``provider/pkg/await/await.go``.
"""

import functools
import json
import os
import secrets
import sys
from collections.abc import Callable
from concurrent import futures
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

import grpc
import urllib3
from google.protobuf import empty_pb2
from pulumi.runtime.proto import (
    engine_pb2,
    engine_pb2_grpc,
    plugin_pb2,
    provider_pb2,
    provider_pb2_grpc,
)

from . import properties
from .client import ApiError, Client, ClientSettings, Kind, Object, UnreachableError
from .diff import compare, normalized, pruned

_CREATE_MANAGER = "pulumi-kubernetes"
"""The field manager of plain creates; the first update takes over from it."""
_TAKEN_OVER = {
    ("kubectl", "Apply"),
    ("kubectl", "Update"),
    ("before-first-apply", "Update"),
    (_CREATE_MANAGER, "Update"),
}
_DELETE_SECONDS = 600.0
_WORKERS = 64


class _Failure(Exception):  # noqa: N818
    """What the engine is told."""


def _answers(method: Callable[..., Any]) -> Callable[..., Any]:
    """Turns what goes wrong into an error of the protocol."""

    @functools.wraps(method)
    def wrapped(self: "Plugin", request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return method(self, request)
        except (_Failure, ApiError, urllib3.exceptions.HTTPError) as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))

    return wrapped


class Plugin(provider_pb2_grpc.ResourceProviderServicer):
    """One configured provider. The engine sends several requests at once."""

    def __init__(self, engine: engine_pb2_grpc.EngineStub) -> None:
        self._engine = engine
        self._client: Client | None = None
        self._unreachable = "provider is not configured"
        self._namespace = "default"
        self._config: dict[str, bool] = {}

    def GetPluginInfo(self, request: Any, context: Any) -> plugin_pb2.PluginInfo:  # noqa: N802, ARG002, D102
        return plugin_pb2.PluginInfo(version=f"{version('pulumi-kubernetes')}+standin")

    def Attach(self, request: Any, context: Any) -> empty_pb2.Empty:  # noqa: N802, ARG002, D102
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: Any) -> empty_pb2.Empty:  # noqa: N802, ARG002, D102
        return empty_pb2.Empty()

    @_answers
    def CheckConfig(self, request: Any) -> provider_pb2.CheckResponse:  # noqa: N802, D102
        return provider_pb2.CheckResponse(inputs=request.news)

    @_answers
    def DiffConfig(self, request: Any) -> provider_pb2.DiffResponse:  # noqa: N802, D102
        olds, news = (properties.plain(properties.from_struct(values)) for values in (request.olds, request.news))
        changed = sorted(key for key in {*olds, *news} if olds.get(key) != news.get(key))
        # Another cluster means other objects; another path to the same one, or another option, does not.
        unknown = [key for key in ("kubeconfig", "context") if properties.contains_unknown(news.get(key))]
        replaces = unknown[:1]
        if changed and not unknown and _server(olds) and _server(news) and _server(olds) != _server(news):
            replaces = [key for key in ("kubeconfig", "context") if key in changed]
        changes = provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(changes=changes, diffs=changed, replaces=replaces)

    @_answers
    def Configure(self, request: Any) -> provider_pb2.ConfigureResponse:  # noqa: N802, D102
        variables = {key.removeprefix("kubernetes:config:"): value for key, value in request.variables.items()}
        self._namespace = variables.get("namespace") or "default"
        self._config = {key: variables.get(key) == "true" for key in (
            "enablePatchForce", "enableSecretMutable", "upsertExistingObjects", "deleteUnreachable",
        )}  # fmt: skip
        try:
            self._client = Client(
                kubeconfig=variables.get("kubeconfig") or "",
                context=variables.get("context") or "",
                settings=ClientSettings(json.loads(variables.get("kubeClientSettings") or "{}")),
            )
        except UnreachableError as error:
            self._unreachable = str(error)
            self._log(engine_pb2.WARNING, f"configured Kubernetes cluster is unreachable: {error}")
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    @_answers
    def Check(self, request: Any) -> provider_pb2.CheckResponse:  # noqa: N802, D102
        news = properties.from_struct(request.news)
        inputs = properties.plain(news)
        metadata = inputs.setdefault("metadata", {})
        if isinstance(metadata, dict):
            if not metadata.get("name"):
                raise _Failure("the stand-in plugin names nothing by itself: `.metadata.name` must be set")
            if not metadata.get("namespace") and inputs["kind"] != "Namespace":
                metadata["namespace"] = self._namespace
        if not properties.contains_unknown(inputs):
            inputs = normalized(inputs)
        return provider_pb2.CheckResponse(inputs=properties.to_struct(properties.mark_secrets(inputs, news)))

    @_answers
    def Diff(self, request: Any) -> provider_pb2.DiffResponse:  # noqa: N802, D102
        old_inputs, live, _ = _parse_state(request.olds)
        diff = compare(
            old_inputs,
            live,
            properties.plain(properties.from_struct(request.news)),
            is_patch=_is_patch(request.urn),
            secrets_are_mutable=self._config.get("enableSecretMutable", False),
        )
        kinds = provider_pb2.PropertyDiff
        detailed = {
            path: kinds(kind=plain + (1 if path in diff.replaces else 0))
            for plain, paths in ((kinds.ADD, diff.added), (kinds.DELETE, diff.deleted), (kinds.UPDATE, diff.updated))
            for path in paths
        }
        changes = provider_pb2.DiffResponse.DIFF_SOME if detailed else provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(
            changes=changes,
            replaces=diff.replaces,
            deleteBeforeReplace=diff.delete_before_replace,
            detailedDiff=detailed,
            hasDetailedDiff=True,
        )

    @_answers
    def Create(self, request: Any) -> provider_pb2.CreateResponse:  # noqa: N802, D102
        news = properties.from_struct(request.properties)
        inputs = properties.plain(news)
        is_patch = _is_patch(request.urn)
        unchanged = provider_pb2.CreateResponse(properties=request.properties)
        if request.preview and (self._client is None or is_patch or properties.contains_unknown(inputs)):
            return unchanged
        cluster = self._reachable()
        kind, namespace, _ = self._place(inputs)
        manager = f"pulumi-kubernetes-{secrets.token_hex(4)}"
        try:
            if is_patch or self._config["upsertExistingObjects"]:
                force = self._config["enablePatchForce"] or request.preview
                live = cluster.apply(kind, namespace, inputs, manager=manager, force=force, dry_run=request.preview)
            else:
                live = cluster.create(kind, namespace, inputs, manager=_CREATE_MANAGER, dry_run=request.preview)
        except ApiError as error:
            # What a preview can't know yet, the official one passes over: a namespace that comes with the same up,
            # an object that exists, a dry run that isn't allowed.
            if request.preview and error.status in (HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN, HTTPStatus.CONFLICT):
                return unchanged
            raise _conflict(error, manager) from None
        return provider_pb2.CreateResponse(
            id="" if request.preview else _identifier(live), properties=_state(inputs, live, news, manager)
        )

    @_answers
    def Read(self, request: Any) -> provider_pb2.ReadResponse:  # noqa: N802, D102
        if self._client is None:
            self._log(engine_pb2.WARNING, f"configured Kubernetes cluster is unreachable: {self._unreachable}", request.urn)
            if self._config.get("deleteUnreachable"):
                return provider_pb2.ReadResponse()
            raise _Failure("failed to read resource state due to unreachable cluster")
        old_inputs, _, manager = _parse_state(request.properties)
        old_inputs = properties.plain(properties.from_struct(request.inputs)) or old_inputs
        namespace, _, name = request.id.rpartition("/")
        api_version, kind_name = _group_version_kind(request.urn)
        try:
            live = self._client.get(self._client.kind(api_version, kind_name), namespace, name)
        except ApiError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return provider_pb2.ReadResponse()
            raise
        live = {"apiVersion": api_version, "kind": kind_name, **live}
        inputs = pruned(live, normalized(old_inputs)) if old_inputs else normalized(live)
        given = properties.from_struct(request.inputs)
        return provider_pb2.ReadResponse(
            id=request.id,
            properties=_state(inputs, live, given, manager),
            inputs=properties.to_struct(properties.mark_secrets(inputs, given)),
        )

    @_answers
    def Update(self, request: Any) -> provider_pb2.UpdateResponse:  # noqa: N802, D102
        news = properties.from_struct(request.news)
        inputs = properties.plain(news)
        if request.preview and (self._client is None or properties.contains_unknown(inputs)):
            return provider_pb2.UpdateResponse(properties=request.news)
        cluster = self._reachable()
        inputs = normalized(inputs)
        kind, namespace, name = self._place(inputs)
        _, _, manager = _parse_state(request.olds)
        try:
            live = cluster.get(kind, namespace, name)
            if not request.preview and not _is_patch(request.urn):
                live = _take_over(cluster, kind, live, manager)
            force = self._config["enablePatchForce"] or request.preview
            live = cluster.apply(kind, namespace, inputs, manager=manager, force=force, dry_run=request.preview)
        except ApiError as error:
            if request.preview and error.status == HTTPStatus.FORBIDDEN:
                return provider_pb2.UpdateResponse(properties=request.news)
            raise _conflict(error, manager) from None
        return provider_pb2.UpdateResponse(properties=_state(inputs, live, news, manager))

    @_answers
    def Delete(self, request: Any) -> empty_pb2.Empty:  # noqa: N802, D102
        if self._client is None and self._config.get("deleteUnreachable"):
            return empty_pb2.Empty()
        cluster = self._reachable()
        inputs, live, manager = _parse_state(request.properties)
        kind, namespace, name = self._place({**live, **inputs})
        if _is_patch(request.urn):
            nothing = {
                "apiVersion": inputs["apiVersion"],
                "kind": inputs["kind"],
                "metadata": {"name": name, "namespace": namespace},
            }
            cluster.apply(kind, namespace, nothing, manager=manager, force=False)
        else:
            cluster.delete(kind, namespace, name, seconds=request.timeout or _DELETE_SECONDS)
        return empty_pb2.Empty()

    def _reachable(self) -> Client:
        if self._client is None:
            raise _Failure(f"configured Kubernetes cluster is unreachable: {self._unreachable}")
        return self._client

    def _place(self, inputs: Object) -> tuple[Kind, str, str]:
        kind = self._reachable().kind(inputs["apiVersion"], inputs["kind"])
        return kind, inputs["metadata"].get("namespace", ""), inputs["metadata"]["name"]

    def _log(self, severity: int, message: str, urn: str = "") -> None:
        self._engine.Log(engine_pb2.LogRequest(severity=severity, message=message, urn=urn))


def _take_over(cluster: Client, kind: Kind, live: Object, manager: str) -> Object:
    """Makes ``manager`` the owner of what a plain create or kubectl owned (``await.go``, fixCSAFieldManagers)."""
    fields = live["metadata"].get("managedFields", [])
    taken = [entry for entry in fields if (entry["manager"], entry["operation"]) in _TAKEN_OVER]
    if not taken:
        return live
    own = [entry for entry in fields if (entry["manager"], entry["operation"]) == (manager, "Apply")]
    merged: Object = {}
    for entry in [*own, *taken]:
        _merge_fields(merged, entry["fieldsV1"])
    ours = {**taken[0], "manager": manager, "operation": "Apply", "fieldsV1": merged}
    return cluster.replace_managed_fields(
        kind, live, [entry for entry in fields if entry not in taken and entry not in own] + [ours]
    )


def _merge_fields(into: Object, fields: Object) -> None:
    for key, value in fields.items():
        _merge_fields(into.setdefault(key, {}), value)


def _state(inputs: Object, live: Object, given: Object, manager: str) -> Any:
    """What the engine keeps (``provider.go``, checkpointObject)."""
    state = properties.mark_secrets(live, given)
    state["__inputs"] = properties.mark_secrets(inputs, given)
    state["__initialApiVersion"] = live["apiVersion"]
    state["__fieldManager"] = manager
    return properties.to_struct(state)


def _parse_state(struct: Any) -> tuple[Object, Object, str]:
    state = properties.plain(properties.from_struct(struct))
    inputs = state.pop("__inputs", {})
    state.pop("__initialApiVersion", None)
    manager = state.pop("__fieldManager", None) or f"pulumi-kubernetes-{secrets.token_hex(4)}"
    return inputs, state, manager


def _conflict(error: ApiError, manager: str) -> _Failure:
    if error.status == HTTPStatus.CONFLICT and error.reason == "Conflict":
        return _Failure(
            "server-side apply field conflict detected\n"
            f'The resource managed by field manager "{manager}" had an apply conflict: {error}'
        )
    if error.reason == "AlreadyExists":
        return _Failure(
            f"{error}\n\nThe resource already exists in the cluster. This can happen when an object that something "
            "else made has the same name."
        )
    return _Failure(str(error))


def _is_patch(urn: str) -> bool:
    return _type_name(urn).endswith("Patch")


def _type_name(urn: str) -> str:
    return urn.split("::")[2].rpartition("$")[2].rpartition(":")[2]


def _group_version_kind(urn: str) -> tuple[str, str]:
    """``kubernetes:core/v1:Secret`` -> ``v1``, ``Secret``."""
    _, module, kind = urn.split("::")[2].rpartition("$")[2].split(":")
    group, _, api_version = module.partition("/")
    return (api_version if group == "core" else f"{group}/{api_version}"), kind.removesuffix("Patch")


def _identifier(live: Object) -> str:
    namespace = live["metadata"].get("namespace")
    name: str = live["metadata"]["name"]
    return f"{namespace}/{name}" if namespace else name


def _server(provider_inputs: Object) -> Any:
    from pulumi_image_pull_secrets import KubeconfigError, kubeconfig

    try:
        return kubeconfig.find(provider_inputs.get("context", ""), provider_inputs.get("kubeconfig")).server
    except KubeconfigError:
        return None


def main() -> None:
    """Serves until the engine ends us; the port on standard output is how it finds us."""
    channel = grpc.insecure_channel(sys.argv[1])
    server = grpc.server(futures.ThreadPoolExecutor(_WORKERS), options=[("grpc.max_receive_message_length", -1)])
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Plugin(engine_pb2_grpc.EngineStub(channel)), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    engine = os.getppid()
    # A killed engine ends nobody: without this the plugin would stay behind it.
    while server.wait_for_termination(timeout=1):
        if os.getppid() != engine:
            return
