"""The resource provider, over the engine's gRPC protocol.

Each method mirrors the one of the same name in ``provider/pkg/provider/provider.go``, and what it calls in
``provider/pkg/await/await.go``.
"""

import json
import os
import threading
from collections.abc import Callable
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

from google.protobuf import empty_pb2
from pulumi.runtime.proto import (
    engine_pb2,
    engine_pb2_grpc,
    plugin_pb2,
    provider_pb2,
    provider_pb2_grpc,
)

from . import kubeconfig, managed_fields, properties, state
from .answers import Failure, IncompleteError, answers
from .client import ApiError, Client, ClientSettings, Kind, Object
from .diff import compare, normalized, pruned
from .kubeconfig import UnreachableError
from .schema import schema

_DELETE_SECONDS = 600.0
_RETRY_SECONDS = (1, 2, 4, 8, 16)
"""Pauses of a create whose namespace or kind isn't there yet; the official one waits 32 s more before it gives up."""
_SWITCHES = {
    "enablePatchForce": "PULUMI_K8S_ENABLE_PATCH_FORCE",
    "enableSecretMutable": "PULUMI_K8S_ENABLE_SECRET_MUTABLE",
    "upsertExistingObjects": "PULUMI_K8S_UPSERT_EXISTING_OBJECTS",
    "deleteUnreachable": "PULUMI_K8S_DELETE_UNREACHABLE",
}
"""Options, and the environment variable that counts where an option isn't given."""
_CLUSTER_SCOPED = frozenset({"Namespace", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition"})
"""Kinds without a namespace, for when there is no cluster to ask."""
_FORGET = (
    "If the cluster was deleted, you can remove this resource from Pulumi state by rerunning the operation with the "
    'PULUMI_K8S_DELETE_UNREACHABLE environment variable set to "true"'
)


class Plugin(provider_pb2_grpc.ResourceProviderServicer):
    """One configured provider. The engine sends several requests at once."""

    def __init__(self, engine: engine_pb2_grpc.EngineStub) -> None:
        self._engine = engine
        self._client: Client | None = None
        self._unreachable = "provider is not configured"
        self._namespace = "default"
        self._config = dict.fromkeys(_SWITCHES, False)
        self._cancelled = threading.Event()

    def GetPluginInfo(self, request: Any, context: Any) -> plugin_pb2.PluginInfo:  # noqa: N802, ARG002, D102
        return plugin_pb2.PluginInfo(version=f"{version('pulumi-kubernetes')}+standin")

    def GetSchema(self, request: Any, context: Any) -> provider_pb2.GetSchemaResponse:  # noqa: N802, ARG002, D102
        return provider_pb2.GetSchemaResponse(schema=schema(version("pulumi-kubernetes")))

    def Attach(self, request: Any, context: Any) -> empty_pb2.Empty:  # noqa: N802, ARG002, D102
        return empty_pb2.Empty()

    def Cancel(self, request: Any, context: Any) -> empty_pb2.Empty:  # noqa: N802, ARG002, D102
        self._cancelled.set()
        return empty_pb2.Empty()

    @answers
    def CheckConfig(self, request: Any) -> provider_pb2.CheckResponse:  # noqa: N802, D102
        news = properties.plain(properties.from_struct(request.news))
        missing = [key for key in ("kubeconfig", "context") if not news.get(key)] if _is_strict(news) else []
        failures = [
            provider_pb2.CheckFailure(property=key, reason=f'strict mode requires Provider "{key}" argument')
            for key in missing
        ]
        return provider_pb2.CheckResponse(inputs=request.news, failures=failures)

    @answers
    def DiffConfig(self, request: Any) -> provider_pb2.DiffResponse:  # noqa: N802, D102
        olds, news = (properties.plain(properties.from_struct(values)) for values in (request.olds, request.news))
        changed = sorted(key for key in {*olds, *news} if olds.get(key) != news.get(key))
        # Another cluster means other objects; another path to the same one, or another option, does not.
        unknown = [key for key in ("kubeconfig", "context") if properties.contains_unknown(news.get(key))]
        replaces = unknown[:1] if changed else []
        if changed and not unknown:
            old, new = _cluster(olds), _cluster(news)
            if old and new and old != new:
                replaces = [key for key in ("kubeconfig", "context") if key in changed]
        old_identifier, new_identifier = (values.get("clusterIdentifier") for values in (olds, news))
        if old_identifier and new_identifier:
            replaces = ["clusterIdentifier"] if old_identifier != new_identifier else []
        changes = provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(changes=changes, diffs=changed, replaces=replaces)

    @answers
    def Configure(self, request: Any) -> provider_pb2.ConfigureResponse:  # noqa: N802, D102
        variables = {key.removeprefix("kubernetes:config:"): value for key, value in request.variables.items()}
        for option, variable in _SWITCHES.items():
            self._config[option] = variables.get(option, os.environ.get(variable)) == "true"
        try:
            access = kubeconfig.find(variables.get("kubeconfig", ""), variables.get("context", ""))
            self._namespace = variables.get("namespace") or access.namespace or "default"
            settings = ClientSettings(json.loads(variables.get("kubeClientSettings") or "{}"))
            self._client = Client(access, settings)
        except UnreachableError as error:
            self._namespace = variables.get("namespace") or self._namespace
            self._unreachable = str(error)
            self._log(engine_pb2.WARNING, f"configured Kubernetes cluster is unreachable: {error}")
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    @answers
    def Check(self, request: Any) -> provider_pb2.CheckResponse:  # noqa: N802, D102
        news = properties.from_struct(request.news)
        inputs = properties.plain(news)
        metadata = inputs.setdefault("metadata", {})
        if isinstance(metadata, dict):
            if not metadata.get("name"):
                raise Failure(
                    "patch resources require the `.metadata.name` field to be set"
                    if state.is_patch(request.urn, inputs)
                    else "the stand-in plugin names nothing by itself: `.metadata.name` must be set"
                )
            if not metadata.get("namespace") and self._is_namespaced(*state.group_version_kind(request.urn)):
                metadata["namespace"] = self._namespace
        if not properties.contains_unknown(inputs):
            inputs = normalized(inputs)
        return provider_pb2.CheckResponse(inputs=properties.to_struct(properties.mark_secrets(inputs, news)))

    @answers
    def Diff(self, request: Any) -> provider_pb2.DiffResponse:  # noqa: N802, D102
        old_inputs, live, _ = state.parse(request.olds)
        news = properties.plain(properties.from_struct(request.news))
        diff = compare(
            old_inputs,
            live,
            news,
            is_patch=state.is_patch(request.urn, news),
            secrets_are_mutable=self._config["enableSecretMutable"],
        )
        kinds: Any = provider_pb2.PropertyDiff
        detailed = {
            path: kinds(kind=plain + (1 if path in diff.replaces else 0), inputDiff=plain == kinds.DELETE)
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

    @answers
    def Create(self, request: Any) -> provider_pb2.CreateResponse:  # noqa: N802, D102
        news = properties.from_struct(request.properties)
        inputs = properties.plain(news)
        is_patch = state.is_patch(request.urn, inputs)
        unchanged = provider_pb2.CreateResponse(properties=request.properties)
        if request.preview and (self._client is None or is_patch or properties.contains_unknown(inputs)):
            return unchanged
        cluster = self._reachable()
        manager = state.new_manager()

        def create() -> Object:
            kind, namespace, _ = _place(cluster, inputs)
            if is_patch or self._config["upsertExistingObjects"]:
                force = self._config["enablePatchForce"] or request.preview
                return _apply(cluster, kind, namespace, inputs, manager, force=force, dry_run=request.preview)
            # Not by this resource's own manager: the first update takes over from this one, and then owns it all.
            return cluster.create(
                kind, namespace, inputs, manager=managed_fields.CREATE_MANAGER, dry_run=request.preview
            )

        try:
            live = create() if request.preview else self._retried(create, request.urn)
        except (ApiError, Failure) as error:
            if request.preview and isinstance(error, ApiError) and _is_unforeseeable(error):
                return unchanged
            raise Failure(
                f'resource "{request.urn}" was not successfully created by the Kubernetes API server: {_told(error)}'
            ) from None
        if request.preview:
            live.pop("status", None)
        return provider_pb2.CreateResponse(
            id="" if request.preview else state.identifier(live), properties=state.pack(inputs, live, news, manager)
        )

    @answers
    def Read(self, request: Any) -> provider_pb2.ReadResponse:  # noqa: N802, D102
        if self._client is None:
            if self._forgets_unreachable(request.urn):
                return provider_pb2.ReadResponse()
            raise Failure(f"failed to read resource state due to unreachable cluster. {_FORGET}")
        old_inputs, _, manager = state.parse(request.properties)
        given = properties.from_struct(request.inputs)
        old_inputs = properties.plain(given) or old_inputs
        namespace, _, name = request.id.rpartition("/")
        api_version, kind_name = state.group_version_kind(request.urn)
        try:
            live = self._client.get(self._client.kind(api_version, kind_name), namespace, name)
        except ApiError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return provider_pb2.ReadResponse()
            raise
        live = {"apiVersion": api_version, "kind": kind_name, **live}
        inputs = pruned(live, normalized(old_inputs)) if old_inputs else normalized(live)
        return provider_pb2.ReadResponse(
            id=request.id,
            properties=state.pack(inputs, live, given, manager),
            inputs=properties.to_struct(properties.mark_secrets(inputs, given)),
        )

    @answers
    def Update(self, request: Any) -> provider_pb2.UpdateResponse:  # noqa: N802, D102
        news = properties.from_struct(request.news)
        inputs = properties.plain(news)
        if request.preview and (self._client is None or properties.contains_unknown(inputs)):
            return provider_pb2.UpdateResponse(properties=request.news)
        cluster = self._reachable()
        inputs = normalized(inputs)
        _, _, manager = state.parse(request.olds)
        before: Object | None = None
        try:
            kind, namespace, name = _place(cluster, inputs)
            before = cluster.get(kind, namespace, name)
            if not request.preview and not state.is_patch(request.urn, inputs):
                fields = managed_fields.after_takeover(before, manager)
                before = cluster.replace_managed_fields(kind, before, fields) if fields else before
            force = (
                self._config["enablePatchForce"]
                or not managed_fields.entries(before)
                or (request.preview and managed_fields.previews_must_force(before))
            )
            live = _apply(cluster, kind, namespace, inputs, manager, force=force, dry_run=request.preview)
        except (ApiError, Failure) as error:
            if request.preview and isinstance(error, ApiError) and error.status == HTTPStatus.FORBIDDEN:
                return provider_pb2.UpdateResponse(properties=request.news)
            if before is None:
                raise Failure(f'update of resource "{request.urn}" failed: {error}') from None
            identifier = state.identifier(before)
            raise IncompleteError(
                identifier,
                state.pack(inputs, before, news, manager),
                f'the Kubernetes API server reported that "{identifier}" failed to fully initialize or become live: '
                f"{error}",
            ) from None
        return provider_pb2.UpdateResponse(properties=state.pack(inputs, live, news, manager))

    @answers
    def Delete(self, request: Any) -> empty_pb2.Empty:  # noqa: N802, D102
        if self._client is None:
            if self._forgets_unreachable(request.urn):
                return empty_pb2.Empty()
            raise Failure(f"configured Kubernetes cluster is unreachable. {_FORGET}")
        _, live, manager = state.parse(request.properties)
        try:
            kind, namespace, name = _place(self._client, live)
        except ApiError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return empty_pb2.Empty()
            raise
        if state.is_patch(request.urn, live):
            identity = {key: live["metadata"][key] for key in ("name", "namespace") if key in live["metadata"]}
            nothing = {"apiVersion": live["apiVersion"], "kind": live["kind"], "metadata": identity}
            self._client.apply(kind, namespace, nothing, manager=manager, force=False)
        else:
            self._client.delete(kind, namespace, name, seconds=request.timeout or _DELETE_SECONDS)
        return empty_pb2.Empty()

    def _reachable(self) -> Client:
        if self._client is None:
            raise Failure(f"configured Kubernetes cluster is unreachable: {self._unreachable}")
        return self._client

    def _forgets_unreachable(self, urn: str) -> bool:
        self._log(engine_pb2.WARNING, f"configured Kubernetes cluster is unreachable: {self._unreachable}", urn)
        return self._config["deleteUnreachable"]

    def _is_namespaced(self, api_version: str, kind: str) -> bool:
        if self._client is None:
            return kind not in _CLUSTER_SCOPED
        try:
            return self._client.kind(api_version, kind).namespaced
        except ApiError:
            return True

    def _retried(self, create: Callable[[], Object], urn: str) -> Object:
        """Waits for a namespace or a kind that something else may be making (``await.go``, Creation)."""
        for pause in _RETRY_SECONDS:
            try:
                return create()
            except ApiError as error:
                if error.status != HTTPStatus.NOT_FOUND or self._cancelled.is_set():
                    raise
                self._log(engine_pb2.INFO, f"creation failed, trying again in {pause} s: {error}", urn, passing=True)
            self._cancelled.wait(pause)
        return create()

    def _log(self, severity: Any, message: str, urn: str = "", *, passing: bool = False) -> None:
        self._engine.Log(engine_pb2.LogRequest(severity=severity, message=message, urn=urn, ephemeral=passing))


def _place(cluster: Client, values: Object) -> tuple[Kind, str, str]:
    kind = cluster.kind(values["apiVersion"], values["kind"])
    return kind, values["metadata"].get("namespace", ""), values["metadata"]["name"]


def _apply(
    cluster: Client, kind: Kind, namespace: str, inputs: Object, manager: str, *, force: bool, dry_run: bool
) -> Object:
    try:
        return cluster.apply(kind, namespace, inputs, manager=manager, force=force, dry_run=dry_run)
    except ApiError as error:
        if error.reason != "Conflict":
            raise
        raise Failure(
            "server-side apply field conflict detected\n"
            f'The resource managed by field manager "{manager}" had an apply conflict: {error}'
        ) from None


def _is_unforeseeable(error: ApiError) -> bool:
    """What a preview passes over: a namespace or kind that may come with the same up, an object that exists now but
    not then, a dry run that isn't allowed.
    """
    return error.status in (HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN) or error.reason == "AlreadyExists"


def _told(error: Exception) -> str:
    if isinstance(error, ApiError) and error.reason == "AlreadyExists":
        return (
            f"{error}\n\nThe resource already exists in the cluster: something else made an object of this name. Take "
            "another name, import it, or set upsertExistingObjects on the provider to take it over."
        )
    return str(error)


def _is_strict(provider_inputs: Object) -> bool:
    return str(provider_inputs.get("strictMode", "")).lower() == "true"


def _cluster(provider_inputs: Object) -> Any:
    """The cluster that a provider is for, or None where that can't be told."""
    if not provider_inputs.get("kubeconfig"):
        return None
    try:
        return kubeconfig.find(provider_inputs["kubeconfig"], provider_inputs.get("context", "")).cluster
    except UnreachableError:
        return None
