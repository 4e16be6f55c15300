"""A stand-in for the engine: it collects what a program registers, exactly as it came over the wire.

The SDK's own mocks run no transforms (they refuse a resource that has one) and drop the resource options. So this
monitor calls a transform as the engine does, through the SDK's callback server, and keeps the options. What it can't
show is what an engine or a provider makes of all this: tests/integration does.
"""

import asyncio
import base64
import contextlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import grpc
import pulumi
import pulumi_kubernetes
from google.protobuf.json_format import MessageToDict
from pulumi.runtime import mocks as sdk
from pulumi.runtime.proto import callback_pb2, callback_pb2_grpc, resource_pb2, resource_pb2_grpc
from pulumi.runtime.settings import ROOT, SETTINGS
from pulumi.runtime.stack import run_in_stack, wait_for_rpcs
from pulumi_image_pull_secrets import ImagePullSecrets, ImagePullSecretsArgs
from pulumi_image_pull_secrets.admission import Coverage
from pulumi_image_pull_secrets.attachment import LiveAccount
from pulumi_image_pull_secrets.validation import DEFAULT_ACCOUNTS

COMPONENT = "image-pull-secrets:index:ImagePullSecrets"
PROVIDER = "pulumi:providers:kubernetes"
NAMESPACE = "kubernetes:core/v1:Namespace"
SECRET = "kubernetes:core/v1:Secret"
ACCOUNT = "kubernetes:core/v1:ServiceAccount"
PATCH = "kubernetes:core/v1:ServiceAccountPatch"

PROJECT = "image-pull-secrets"
STACK = "test"

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"


@dataclass(frozen=True)
class Resource:
    """One resource as the engine was told of it."""

    type: str
    name: str
    urn: str
    parent: str
    """The parent's URN."""
    provider: str
    """The provider's URN and id, as ``urn::id``."""
    inputs: dict[str, Any]
    """Without the wrapping of secrets."""
    secret_inputs: frozenset[str]
    """The paths of the inputs that are marked secret, such as ``data`` or ``data/.dockerconfigjson``."""
    dependencies: frozenset[str] = frozenset()
    retain_on_delete: bool | None = None
    """What came of it after the transforms."""
    read_id: str | None = None
    """The id that it was read by; None where it was registered."""

    @property
    def key(self) -> tuple[str, str]:
        return self.type, self.name


@dataclass
class Deployment:
    """What a program registered, in the order in which it came, and what it returned and exported."""

    resources: list[Resource] = field(default_factory=list)
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The outputs that components registered, by URN, as they went over the wire."""
    exports: dict[str, Any] = field(default_factory=dict)

    @property
    def keys(self) -> set[tuple[str, str]]:
        return {resource.key for resource in self.resources}

    def of_type(self, type_: str) -> dict[str, Resource]:
        return {resource.name: resource for resource in self.resources if resource.type == type_}

    def position(self, type_: str, name: str) -> int:
        return [resource.key for resource in self.resources].index((type_, name))


Account = Mapping[str, Any]
"""What a read of a ServiceAccount answers: ``imagePullSecrets``, ``annotations`` and ``managedFields``."""


class Mocks(pulumi.runtime.Mocks):
    """The objects that the cluster answers with; ids as the provider makes them."""

    def __init__(self, accounts: Mapping[str, Account], *, preview: bool) -> None:
        self._accounts = accounts
        self._preview = preview

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        raise AssertionError(f"no function of a provider is called, but {args.token} was")

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        if args.typ == ACCOUNT:
            namespace, _, name = str(args.resource_id).partition("/")
            account = self._accounts.get(f"{namespace}/{name}", {})
            metadata = {"namespace": namespace, "name": name}
            metadata |= {key: account[key] for key in ("annotations", "managedFields") if key in account}
            # As in a real answer, what an account doesn't have is left out; a preview then takes it for unknown.
            entries = {key: account[key] for key in ("imagePullSecrets",) if account.get(key)}
            return args.resource_id, {"metadata": metadata, **entries}
        metadata = args.inputs.get("metadata", {})
        name = "/".join(metadata[part] for part in ("namespace", "name") if part in metadata)
        if self._preview or not args.custom:
            # As in a real preview, nobody knows the id of what isn't there yet.
            return "", args.inputs
        return name or f"{args.name}-id", args.inputs


class Monitor(sdk.MockMonitor, resource_pb2_grpc.ResourceMonitorStub):
    """Being a ResourceMonitorStub is what makes the SDK start its callback server."""

    def __init__(self, mocks: Mocks, deployment: Deployment) -> None:
        super().__init__(mocks)
        self._deployment = deployment

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        with _no_loop_left_behind():
            options = resource_pb2.TransformResourceOptions(depends_on=request.dependencies)
            if request.HasField("retainOnDelete"):
                options.retain_on_delete = request.retainOnDelete
            for callback in request.transforms:
                transformed = _transform(callback, request, options)
                request.object.CopyFrom(transformed.properties)
                options = transformed.options
            response = super().RegisterResource(request)  # type: ignore[no-untyped-call]
            if request.type != "pulumi:pulumi:Stack":
                retain = options.retain_on_delete if options.HasField("retain_on_delete") else None
                self._collect(request, response.urn, request.object, set(options.depends_on), retain=retain)
            return response

    def ReadResource(self, request: Any) -> Any:  # noqa: N802
        with _no_loop_left_behind():
            response = super().ReadResource(request)  # type: ignore[no-untyped-call]
            if request.id == UNKNOWN:
                response.properties.Clear()
            self._collect(request, response.urn, request.properties, set(request.dependencies), read_id=request.id)
            return response

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        if "::pulumi:pulumi:Stack::" not in request.urn:
            self._deployment.outputs[request.urn] = MessageToDict(request.outputs)
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]

    def _collect(
        self,
        request: Any,
        urn: str,
        inputs: Any,
        dependencies: set[str],
        *,
        retain: bool | None = None,
        read_id: str | None = None,
    ) -> None:
        secret: set[str] = set()
        self._deployment.resources.append(
            Resource(
                type=request.type,
                name=request.name,
                urn=urn,
                parent=request.parent,
                provider=request.provider,
                inputs=_plain(MessageToDict(inputs), "", secret),
                secret_inputs=frozenset(secret),
                dependencies=frozenset(dependencies),
                retain_on_delete=retain,
                read_id=read_id,
            )
        )


async def deploy(
    program: Callable[[], Awaitable[None] | None],
    *,
    accounts: Mapping[str, Account] | None = None,
    preview: bool = False,
    stack: str = STACK,
    config: Mapping[str, str] | None = None,
    deployment: Deployment | None = None,
) -> Deployment:
    """Runs a program to its end, every registration and output awaited, and returns what it registered.

    What the program raises is raised; a ``deployment`` that was handed in then holds what was registered before.
    """
    deployment = deployment if deployment is not None else Deployment()

    async def run() -> None:
        ROOT.set(None)
        SETTINGS.callbacks = None
        # A deque in older SDKs.
        SETTINGS.outputs = type(SETTINGS.outputs)()
        monitor = Monitor(Mocks(accounts or {}, preview=preview), deployment)
        pulumi.runtime.set_mocks(monitor.mocks, project=PROJECT, stack=stack, preview=preview, monitor=monitor)
        pulumi.runtime.config.set_all_config(dict(config or {}))
        # The mocks make a stack of their own.
        await wait_for_rpcs()
        ROOT.set(None)
        await run_in_stack(program)
        root = pulumi.runtime.get_root_resource()
        assert isinstance(root, pulumi.runtime.stack.Stack)
        for name, value in root.outputs.items():
            deployment.exports[name] = await pulumi.Output.from_input(value).future()

    # A task has a context of its own, so nothing of a deployment is left for the next one.
    await asyncio.create_task(run())
    return deployment


def empty_accounts(args: ImagePullSecretsArgs) -> dict[str, dict[str, LiveAccount]]:
    """What preflight reads where every account that must be there is, and has an empty list."""
    return {
        namespace["name"]: dict.fromkeys(namespace.get("service_accounts", DEFAULT_ACCOUNTS), LiveAccount())
        for namespace in args["namespaces"]
        if not namespace.get("create")
    }


async def deploy_pulls(
    args: ImagePullSecretsArgs,
    *,
    live_accounts: Mapping[str, Mapping[str, LiveAccount]] | None = None,
    coverage: Coverage | None = None,
    **options: Any,
) -> Deployment:
    """Runs a program of one provider, "cluster", and one component, "pulls"."""

    def program() -> None:
        opts = pulumi.ResourceOptions(provider=pulumi_kubernetes.Provider("cluster"))
        pulls = ImagePullSecrets("pulls", args, opts, live_accounts=live_accounts, coverage=coverage)
        pulumi.export("secrets", pulls.secrets)
        pulumi.export("attached", pulls.attached)

    return await deploy(program, **options)


def forms_of(password: str, username: str = "bot") -> set[str]:
    """The password and what base64 makes of it alone and of the login, wherever in a text it may stand."""
    texts = [password, f"{username}:{password}"]
    encoded = {base64.b64encode(b"-" * shift + text.encode()).decode() for text in texts for shift in range(3)}
    # What stands around the text changes the first and the last characters of its base64.
    return {password} | {text.rstrip("=")[4:-1] for text in encoded}


def _transform(callback: Any, request: Any, options: Any) -> Any:
    call = resource_pb2.TransformRequest(
        type=request.type,
        name=request.name,
        custom=request.custom,
        parent=request.parent,
        properties=request.object,
        options=options,
    )
    with grpc.insecure_channel(callback.target, options=[("grpc.enable_http_proxy", 0)]) as channel:
        answer = callback_pb2_grpc.CallbacksStub(channel).Invoke(
            callback_pb2.CallbackInvokeRequest(token=callback.token, request=call.SerializeToString()), timeout=60
        )
    return resource_pb2.TransformResponse.FromString(answer.response)


@contextlib.contextmanager
def _no_loop_left_behind() -> Iterator[None]:
    """The SDK's monitor makes an event loop for its thread and never closes it, which is a ResourceWarning."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def _plain(value: Any, path: str, secret: set[str]) -> Any:
    """The value without the wrapping of secrets; their paths go into ``secret``."""
    if isinstance(value, dict):
        if value.get(_SIGNATURE) == _SECRET_SIGNATURE:
            secret.add(path)
            return _plain(value["value"], path, secret)
        return {key: _plain(item, f"{path}/{key}".lstrip("/"), secret) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, f"{path}/{index}", secret) for index, item in enumerate(value)]
    return value
