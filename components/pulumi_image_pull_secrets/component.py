"""The component: one Secret per namespace, its name on every listed ServiceAccount."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import pulumi
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta import v1 as meta

from . import docker_config, secret_content, stack_traces
from .admission import Coverage
from .args import ImagePullSecretsArgs, NamespaceArgs, find_shape_problems, without_none
from .attachment import (
    OWNER_ANNOTATION,
    Attachment,
    LiveAccount,
    annotation_key,
    merge,
    owner_of,
)
from .errors import InvalidArgumentsError, Problem, with_others
from .policy import Policy
from .validation import DEFAULT_ACCOUNTS, find_problems

TYPE = "image-pull-secrets:index:ImagePullSecrets"
"""The component's type token."""

_T = TypeVar("_T")
_U = TypeVar("_U")


class ImagePullSecrets(pulumi.ComponentResource):
    """A registry credential in every listed namespace, attached to the listed ServiceAccounts."""

    secrets: pulumi.Output[list[str]]
    """The Secrets, as namespace/name, retired ones included."""
    attached: pulumi.Output[dict[str, list[str]]]
    """For each ServiceAccount, as namespace/name, the Secret names that this component has on it."""

    def __init__(
        self,
        name: str,
        args: ImagePullSecretsArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        live_accounts: Mapping[str, Mapping[str, LiveAccount]] | None = None,
        coverage: Coverage | None = None,
    ) -> None:
        """Registers the Secrets and the patches.

        The provider must force patches and change Secrets in place: cluster_provider makes one that does.
        ``live_accounts`` is what cluster.preflight read; without it the component reads each account by itself.
        ``coverage`` is what it made of ``coverage: admission``, for accounts that are made later.
        Raises InvalidArgumentsError before anything is registered.
        """
        args = without_none(args)
        if problems := sorted(_problems(args, opts, live_accounts), key=lambda problem: problem.position):
            raise InvalidArgumentsError(name, problems)
        super().__init__(TYPE, name, None, opts)
        self._name = name
        self._owner = owner(name)
        self._live_accounts = live_accounts
        self._patches: list[core.ServiceAccountPatch] = []
        self._wanted = () if args.get("detach") else (args["secret_name"],)
        self._secret_names = (args["secret_name"], *args.get("retired_secret_names", []))
        self._data = secret_content.data(name, args)
        self._labels = args.get("labels")
        self._annotations = secret_content.annotations(name, args, owner=self._owner)

        with stack_traces.left_out():
            created = self._create(args["namespaces"])
            secrets, current = self._put_everywhere(args["namespaces"], created)
            policy = self._policy(coverage, current) if coverage else None
            # No account may be given a name any more when it is taken off those that are there.
            self._before_leaving = [policy.resource] if policy else []
            attached = self._attach_everywhere(args["namespaces"], current, created)
            self._leave(args)
            if policy:
                policy.bind(self._patches)
        self.secrets = _output(secrets)
        later = {account: names for account, names in attached.items() if isinstance(names, pulumi.Output)}
        # Of no accounts at all, Output.all makes a list.
        self.attached = pulumi.Output.all(**later).apply(lambda found: {**attached, **dict(found)})
        self.register_outputs({"secrets": self.secrets, "attached": self.attached})

    def _policy(self, coverage: Coverage, current: Mapping[str, core.Secret]) -> Policy:
        if not self._wanted:
            # A destroy deletes it. Were it left out here, the engine would delete it last, after the names.
            coverage = coverage.out_of_force()
        secrets = list(current.values())
        return Policy(self, self._name, coverage, secrets, secret_name=self._secret_names[0], owner=self._owner)

    def _create(self, namespaces: list[NamespaceArgs]) -> dict[str, core.Namespace]:
        """Registers the namespaces that are to be made, by name."""
        return {
            namespace["name"]: core.Namespace(
                f"{self._name}/{namespace['name']}",
                metadata=meta.ObjectMetaArgs(name=namespace["name"], annotations={OWNER_ANNOTATION: self._owner}),
                opts=pulumi.ResourceOptions(parent=self),
            )
            for namespace in namespaces
            if namespace.get("create")
        }

    def _put_everywhere(
        self, namespaces: list[NamespaceArgs], created: Mapping[str, core.Namespace]
    ) -> tuple[list[str], dict[str, core.Secret]]:
        """Registers the Secrets, and returns all of them, as namespace/name, and by namespace the one to attach."""
        put: list[str] = []
        current: dict[str, core.Secret] = {}
        for name in (namespace["name"] for namespace in namespaces):
            current[name], *_ = [self._secret(name, each, created.get(name)) for each in self._secret_names]
            put += [f"{name}/{each}" for each in self._secret_names]
        return put, current

    def _attach_everywhere(
        self,
        namespaces: list[NamespaceArgs],
        current: Mapping[str, core.Secret],
        created: Mapping[str, core.Namespace],
    ) -> dict[str, pulumi.Input[list[str]]]:
        """Registers the patches, and returns what is attached where."""
        attached: dict[str, pulumi.Input[list[str]]] = {}
        for namespace in namespaces:
            name = namespace["name"]
            for account in namespace.get("service_accounts", DEFAULT_ACCOUNTS):
                result = self._attach(name, account, current[name], created.get(name))
                attached[f"{name}/{account}"] = _then(result, lambda a: list(a.attached))
        return attached

    def _secret(self, namespace: str, name: str, created: core.Namespace | None) -> core.Secret:
        return core.Secret(
            f"{self._name}/{namespace}/{name}",
            metadata=meta.ObjectMetaArgs(
                name=name, namespace=namespace, labels=self._labels or None, annotations=self._annotations
            ),
            type=docker_config.SECRET_TYPE,
            data=self._data,
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[created] if created else [],
                # For another provider it is replaced, which may be for the same cluster: what is deleted last there, is
                # what was made before.
                delete_before_replace=True,
            ),
        )

    def _attach(
        self, namespace: str, account: str, secret: core.Secret, created: core.Namespace | None
    ) -> Attachment | pulumi.Output[Attachment]:
        """Registers the patch of one account, and returns what it makes of the account's list."""
        live = self._live_account(namespace, account, created)
        attachment = _then(live, lambda found: merge(found, wanted=self._wanted, retired=self._secret_names))
        self._patch(
            namespace, account, attachment, depends_on=[secret, *([] if self._wanted else self._before_leaving)]
        )
        return attachment

    def _leave(self, args: ImagePullSecretsArgs) -> None:
        """Takes our names off accounts that we attached to before and that are not listed any more.

        An account with our names alone is restored when its patch is deleted. Where somebody else's entries, or
        another manager's hold on the list, would keep our names on it, they are taken off first.
        """
        listed = {entry["name"]: entry.get("service_accounts", DEFAULT_ACCOUNTS) for entry in args["namespaces"]}
        for namespace, accounts in (self._live_accounts or {}).items():
            for account, live in accounts.items():
                if live.annotation is None or account in listed.get(namespace, ()):
                    continue
                left = merge(live, wanted=(), retired=self._secret_names)
                if left.pull_secrets or live.annotation_is_shared:
                    self._patch(namespace, account, left, depends_on=self._before_leaving)

    def _patch(
        self,
        namespace: str,
        account: str,
        attachment: Attachment | pulumi.Output[Attachment],
        depends_on: list[pulumi.Resource],
    ) -> None:
        key = annotation_key(self._owner)
        annotations: pulumi.Input[Any] = _then(
            attachment, lambda a: None if a.annotation is None else {key: a.annotation}
        )
        entries: pulumi.Input[Any] = _then(
            attachment, lambda a: [{"name": name} if name else {} for name in a.pull_secrets] or None
        )
        patch = core.ServiceAccountPatch(
            f"{self._name}/{namespace}/{account}",
            metadata=meta.ObjectMetaPatchArgs(name=account, namespace=namespace, annotations=annotations),
            image_pull_secrets=entries,
            opts=pulumi.ResourceOptions.merge(
                pulumi.ResourceOptions(parent=self, depends_on=depends_on), _retain_foreign_entries(attachment)
            ),
        )
        self._patches.append(patch)

    def _live_account(
        self, namespace: str, account: str, created: core.Namespace | None
    ) -> LiveAccount | pulumi.Output[LiveAccount]:
        """What the account holds now: what was read before, or else a read of our own."""
        if self._live_accounts is not None:
            return self._live_accounts.get(namespace, {}).get(account, LiveAccount())
        resource_name = f"{self._name}/{namespace}/{account}"
        identifier: pulumi.Input[str] = f"{namespace}/{account}"
        if created is not None:
            # An account in a namespace of ours may not be there yet. A patch of its name alone creates it, and an id
            # that comes from the patch lets the read wait for it, in a preview too.
            existing = core.ServiceAccountPatch(
                f"{resource_name}/exists",
                metadata=meta.ObjectMetaPatchArgs(name=account, namespace=namespace),
                opts=pulumi.ResourceOptions(parent=self, depends_on=[created]),
            )
            identifier = existing.id
        found = core.ServiceAccount.get(resource_name, identifier, opts=pulumi.ResourceOptions(parent=self))
        # A preview takes a property that the account does not have for unknown; it was read where the metadata were.
        pull_secrets: pulumi.Output[Any] = found.metadata.apply(lambda _: found.image_pull_secrets.future())
        # Output.all would make plain dicts of the SDK's types, with keys that differ from both spellings.
        entries = pull_secrets.apply(lambda entries: [{"name": entry.name} for entry in entries or []])
        metadata = found.metadata.apply(_as_json)
        return pulumi.Output.all(entries, metadata).apply(
            lambda parts: LiveAccount.parse({"imagePullSecrets": parts[0], "metadata": parts[1]}, self._owner)
        )


def owner(component: str) -> str:
    """Who the component of this name is in the running stack: ``<project>.<stack>.<component>``."""
    return owner_of(project=pulumi.get_project(), stack=pulumi.get_stack(), component=component)


_NO_PROVIDER = Problem(
    ("opts", "provider"),
    "missing; without one, Pulumi would take whatever cluster the kubeconfig happens to point at; give "
    "ResourceOptions(provider=cluster_provider(...)), or a Kubernetes provider of yours",
)


def _problems(
    args: ImagePullSecretsArgs,
    opts: pulumi.ResourceOptions | None,
    live_accounts: Mapping[str, Mapping[str, LiveAccount]] | None,
) -> Iterator[Problem]:
    shape = list(find_shape_problems(args))
    found = find_problems(args, may_be_empty=live_accounts is not None) if isinstance(args, Mapping) else ()
    yield from with_others(shape, found)
    if not _has_kubernetes_provider(opts):
        yield _NO_PROVIDER
    if live_accounts is not None and not shape:
        yield from _missing_accounts(args, live_accounts)


def _missing_accounts(
    args: ImagePullSecretsArgs, live_accounts: Mapping[str, Mapping[str, LiveAccount]]
) -> Iterator[Problem]:
    """A patch creates an account that isn't there, so none may be registered for one that wasn't read."""
    for index, namespace in enumerate(args["namespaces"]):
        for account in namespace.get("service_accounts", DEFAULT_ACCOUNTS):
            if not namespace.get("create") and account not in live_accounts.get(namespace["name"], {}):
                yield Problem(
                    ("namespaces", index, "service_accounts"),
                    f"{account!r} is not among the live_accounts, so it doesn't exist, or wasn't read",
                )


def _has_kubernetes_provider(opts: pulumi.ResourceOptions | None) -> bool:
    if opts is None:
        return False
    given = opts.providers or []
    providers = list(given.values()) if isinstance(given, Mapping) else list(given)
    if opts.provider is not None:
        providers.append(opts.provider)
    if any(provider.package == "kubernetes" for provider in providers):
        return True
    return opts.parent is not None and opts.parent.get_provider("kubernetes:core/v1:Secret") is not None


def _as_json(metadata: meta.outputs.ObjectMeta) -> dict[str, Any]:
    """What LiveAccount.parse looks at, in the API's spelling."""
    return {
        "annotations": dict(metadata.annotations or {}),
        "managedFields": [
            {"manager": entry.manager, "operation": entry.operation, "fieldsV1": entry.fields_v1}
            for entry in metadata.managed_fields
        ]
        if metadata.managed_fields
        else None,
    }


def _retain_foreign_entries(attachment: Attachment | pulumi.Output[Attachment]) -> pulumi.ResourceOptions:
    """Deleting a patch takes the whole list away, so one with foreign entries in it must be left where it is.

    Only a transform can wait for a list that isn't known yet; a resource option can't be an Output.
    """
    if not isinstance(attachment, pulumi.Output):
        return pulumi.ResourceOptions(retain_on_delete=attachment.has_foreign_entries)

    async def transform(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult:
        known = await attachment.is_known()
        value = await attachment.future() if known else None
        opts = pulumi.ResourceOptions.merge(
            args.opts, pulumi.ResourceOptions(retain_on_delete=value.has_foreign_entries if value else None)
        )
        return pulumi.ResourceTransformResult(args.props, opts)

    return pulumi.ResourceOptions(transforms=[transform])


def _then(value: _T | pulumi.Output[_T], made: Callable[[_T], _U]) -> _U | pulumi.Output[_U]:
    """What is made of a value: now where it is known, since each Output costs the SDK more than the resource does."""
    return value.apply(made) if isinstance(value, pulumi.Output) else made(value)


def _output(value: _T) -> pulumi.Output[_T]:
    """Of a value that holds no Outputs; from_input would make one of each entry in it."""
    return pulumi.Output.from_input(None).apply(lambda _: value)
