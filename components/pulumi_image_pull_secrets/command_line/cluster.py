"""The one cluster that a command looks at, and how far it has got with it."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from .. import kubeconfig as kubeconfigs
from ..api import Api, ForbiddenError, path_of
from ..cluster import namespace_names
from ..doctor.observation import Observation
from ..doctor.reader import observe
from ..errors import NotInClusterError
from ..names import nearest

_LISTS = 11
"""Requests for which a reader waits, in a cluster where every list has one page."""


@dataclass(frozen=True)
class Cluster:
    """A cluster, by its context."""

    context: str
    kubeconfig: str | None = None
    """A path; ``KUBECONFIG`` or the usual file without it."""

    @classmethod
    def of(cls, context: str | None, kubeconfig: str | None) -> "Cluster":
        """That of ``context`` or else, as kubectl does, of the current one. Raises KubeconfigError."""
        return cls(context or kubeconfigs.current_context(kubeconfig), kubeconfig)

    @property
    def namespace(self) -> str:
        """The context's own, where none is named."""
        return kubeconfigs.find(self.context, self.kubeconfig).namespace

    def observe(self, namespaces: Sequence[str] = ()) -> Observation:
        """What is in these namespaces, or in all of them.

        Raises KubeconfigError, ClusterUnreachableError, and NotInClusterError for namespaces that aren't there.
        """
        with progress() as bar:
            task = bar.add_task("connecting", total=_LISTS)
            with self.api() as api:
                api.check()
                _demand(api, namespaces)
                return observe(api, namespaces, lambda what: bar.update(task, advance=1, description=f"reading {what}"))

    def api(self) -> Api:
        """Its API. Raises KubeconfigError."""
        return Api(context=self.context, kubeconfig=self.kubeconfig)


def _demand(api: Api, namespaces: Sequence[str]) -> None:
    """Raises NotInClusterError for those that aren't there, as far as the user may see that."""
    known = namespace_names(api) if namespaces else ()
    are_there = (
        [name in known for name in namespaces] if known else api.each(namespaces, lambda name: _is_there(api, name))
    )
    told = []
    for name, is_there in zip(namespaces, are_there, strict=True):
        if not is_there:
            meant = nearest(name, known)
            told.append(f'there is no namespace "{name}"' + (f', did you mean "{meant}"?' if meant else ""))
    if told:
        raise NotInClusterError("; ".join(told))


def _is_there(api: Api, namespace: str) -> bool:
    try:
        return api.get(path_of("namespaces", name=namespace)) is not None
    except ForbiddenError:
        # Who may not see the namespace may still see what is in it.
        return True


def progress() -> Progress:
    """A bar on stderr where that is a terminal, and nothing elsewhere; it goes when it is done."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
