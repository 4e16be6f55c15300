"""What ``make up``, ``make preview``, ``make status`` and ``make down`` do."""

import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kubernetes import client
from kubernetes.client.exceptions import ApiException
from kubernetes.config import new_client_from_config, new_client_from_config_dict
from pulumi import automation
from pulumi_image_pull_secrets import kubeconfig
from pulumi_image_pull_secrets.attachment import annotation_key, owner_of

from . import builds, files, parts, people, plugin, stacks
from .controlplane import ControlPlane
from .engine import CHECKOUT, COMPONENT, PROJECT, Engine, checkout_program
from .parts import Part
from .registry import USERNAME, Registry
from .stacks import StackFile

FOLDER = CHECKOUT / ".sandbox"
REGISTRY_PASSWORD = "SANDBOX_REGISTRY_PASSWORD"

Say = Callable[[str], None]


class BusyError(Exception):
    """Another command is at work in this sandbox."""


class Sandbox:
    """The sandbox of this checkout; or, with ``context``, only the engine, for a cluster that somebody has.

    Everything is in ``.sandbox/``, apart from the parts' cache. The state of a stack on somebody's own cluster is kept
    apart from the throwaway rest, since removing it would leave orphans there.
    """

    def __init__(self, say: Say, *, context: str | None = None) -> None:
        self._say = say
        self._context = context
        self._found: dict[str, Path] = {}
        self._contexts = FOLDER / "contexts"
        self._folder = self._contexts / context.replace(os.sep, "-") if context else FOLDER

    @property
    def kubeconfig(self) -> Path:
        """The kubeconfig with the contexts that the three stacks name."""
        return FOLDER / "kubeconfig"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps a second command out. Raises BusyError."""
        FOLDER.mkdir(exist_ok=True)
        with (FOLDER / "lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BusyError("another sandbox command is at work in this checkout; wait until it is done") from None
            yield

    def start(self, stack: StackFile) -> None:
        """Starts what isn't running: cluster, registry, and what the stack takes for granted in the cluster."""
        if self._context:
            return
        kubectl_part = self._provided(*parts.ALL)["kubectl"]
        plane = self._control_plane()
        plane.start([stacks.read(name).context for name in stacks.names()])
        files.write(self.kubeconfig, plane.kubeconfig.read_text())
        (FOLDER / "bin").mkdir(exist_ok=True)
        kubectl = FOLDER / "bin" / "kubectl"
        kubectl.unlink(missing_ok=True)
        kubectl.symlink_to(kubectl_part)
        registry = self._registry()
        registry.start(self._passwords([REGISTRY_PASSWORD])[REGISTRY_PASSWORD])
        people.prepare(self.cluster(stack), stack.named_namespaces)
        self._say(f"cluster {plane.server}, registry {registry.address}")

    def stack(self, stack: StackFile) -> automation.Stack:
        """The stack on the engine, with the configuration of its file."""
        if self._context:
            config = {**stack.config, "context": self._context}
            return self._engine().stack(stack.name, checkout_program(), _prefixed(config), stack.encryption)
        stack = stack.with_made_up_passwords()
        registry = {"server": self._registry().address, "username": USERNAME, "passwordEnv": REGISTRY_PASSWORD}
        config = {
            **stack.config,
            "kubeconfig": str(self.kubeconfig),
            "registries": [*stack.config["registries"], registry],
        }
        environment = self._passwords([*stack.password_variables, REGISTRY_PASSWORD])
        return self._engine().stack(stack.name, checkout_program(environment), _prefixed(config))

    def destroy(self, name: str, options: Mapping[str, Any]) -> None:
        """Destroys a stack; its file may be gone, or wrong. ``options`` are those of the Automation API."""
        self._engine().stack(name, lambda: None, None).destroy(**options)

    def cluster(self, stack: StackFile) -> client.CoreV1Api:
        """The cluster of the stack, as its administrator."""
        if not self._context:
            return client.CoreV1Api(new_client_from_config(str(self.kubeconfig), stack.context))
        found = kubeconfig.find(self._context, stack.config.get("kubeconfig"))
        return client.CoreV1Api(new_client_from_config_dict(dict(found.content), self._context))

    def running(self) -> dict[str, int]:
        """The processes that run, by name."""
        return {**self._control_plane().processes.running(), **self._registry().processes.running()}

    def deployed(self) -> list[str]:
        """The stacks that were brought up here."""
        folder = self._folder / "engine" / "state" / ".pulumi" / "stacks" / PROJECT
        return sorted({path.name.partition(".")[0] for path in folder.glob("*.json")})

    def own_clusters(self) -> list[str]:
        """The contexts of clusters of somebody's own on which stacks were brought up from here."""
        return sorted(path.name for path in self._contexts.glob("*"))

    def remove(self) -> None:
        """Ends every process that was started here, and removes what was written."""
        if self._context:
            shutil.rmtree(self._folder, ignore_errors=True)
        else:
            self._registry().processes.stop()
            self._control_plane().processes.stop()
            for path in FOLDER.iterdir():
                if path.is_file():
                    path.unlink()
                elif path != self._contexts:
                    shutil.rmtree(path)
        if not self.own_clusters() and not (FOLDER / "cluster").exists():
            shutil.rmtree(FOLDER)

    def _provided(self, *wanted: Part) -> dict[str, Path]:
        self._found |= builds.provide([part for part in wanted if part.name not in self._found], self._say)
        return self._found

    def _engine(self) -> Engine:
        pulumi = self._provided(parts.PULUMI)["pulumi"]
        chosen = plugin.provide(FOLDER / "plugin", pulumi)
        self._say(chosen.note)
        return Engine(self._folder / "engine", pulumi=pulumi, plugin=chosen.folder)

    def _control_plane(self) -> ControlPlane:
        return ControlPlane(FOLDER / "cluster", self._found)

    def _registry(self) -> Registry:
        return Registry(FOLDER / "registry", self._found.get("registry", Path()))

    def _passwords(self, variables: list[str]) -> dict[str, str]:
        """A password for each variable, made up once, unless the user has set it."""
        path = FOLDER / "passwords.json"
        kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        for variable in variables:
            kept.setdefault(variable, secrets.token_urlsafe(18))
        files.write(path, json.dumps(kept, indent=2))
        return {variable: os.environ.get(variable) or kept[variable] for variable in variables}


def attachments(core: client.CoreV1Api, stack: StackFile) -> Iterator[tuple[str, str, list[str]]]:
    """Namespace, ServiceAccount and its image pull secrets, for all that carry the stack's annotation."""
    key = annotation_key(owner_of(project=PROJECT, stack=stack.name, component=COMPONENT))
    for account in _accounts(core, [namespace.name for namespace in stack.named_namespaces]):
        if key in (account.metadata.annotations or {}):
            names = [entry.name for entry in account.image_pull_secrets or []]
            yield account.metadata.namespace, account.metadata.name, names


def _accounts(core: client.CoreV1Api, first: list[str]) -> list[Any]:
    """Those of the ``first`` namespaces, in this order, and then of all others, where one may list them."""
    try:
        found: list[Any] = core.list_service_account_for_all_namespaces().items
    except ApiException as error:
        if error.status != 403:
            raise
        return [account for name in first for account in core.list_namespaced_service_account(name).items]
    places = {name: place for place, name in enumerate(first)}
    return sorted(found, key=lambda account: places.get(account.metadata.namespace, len(places)))


def _prefixed(config: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{PROJECT}:{key}": value for key, value in config.items()}
