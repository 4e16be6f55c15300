"""``pull-secrets restart``: recreates pods that lack a login which their account has by now."""

import sys
from collections.abc import Iterable
from typing import Annotated, TextIO

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from .. import permissions
from ..api import Api
from ..cluster import lacking
from ..doctor.observation import Observation
from ..doctor.view import View
from ..errors import NotAllowedError
from ..restart import report
from ..restart.plan import Plan, plan
from ..restart.recreation import Case, Patience, Recreation
from .cluster import Cluster
from .options import ContextOption, KubeconfigOption, namespaces_of
from .outcomes import Outcome, OutputError, UsageMistakeError, note, write

PATIENCE = Patience()
ROLE = "deploy/rbac-restart.yaml"


def restart(
    context: ContextOption = None,
    kubeconfig: KubeconfigOption = None,
    namespace: Annotated[
        list[str] | None,
        typer.Option(
            "--namespace", "-n", metavar="NS", help="Only this namespace; may be given several times. Else all."
        ),
    ] = None,
    stuck_only: Annotated[
        bool,
        typer.Option(
            "--stuck-only",
            help="Only pods that wait for an image now. Without it also pods that run, and that would fail at their "
            "next pull; those one by one for each owner.",
        ),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and do nothing.")] = False,
    include_bare: Annotated[
        bool,
        typer.Option(
            "--include-bare",
            help="Also stuck pods without a controller. Nothing makes them anew: keep their manifest.",
        ),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask. For scripts.")] = False,
) -> None:
    """Recreate pods that were created before their account got the login that they lack.

    The API server copies an account's image pull secrets into a pod when the pod is created, and never again. Where the
    account has a working login by now, and the pod has none, a new pod is mended. Pods are evicted, so that
    PodDisruptionBudgets hold, and what became of each is told. Pods that wait for another reason are left alone.

    Exit codes: 0 all done, or nothing to do; 1 something is still not right; 2 usage; 3 could not look, or isn't
    allowed to.
    """
    if not (yes or dry_run or sys.stdin.isatty()):
        raise UsageMistakeError(
            "there is no terminal to ask at; give --yes to do it, or --dry-run to see what it would do"
        )
    cluster = Cluster.of(context, kubeconfig)
    view = View(_seen(cluster, namespaces_of(namespace or ())))
    planned = plan(view, stuck_only=stuck_only, include_bare=include_bare)
    _print(report.plan_lines(planned, cluster.context))
    if dry_run or not planned.recreate:
        return
    with cluster.api() as api:
        _demand(api, planned)
        if not (yes or _is_agreed(f"Recreate {report.where(planned, cluster.context)}?")):
            note("nothing was changed")
            raise typer.Exit(Outcome.FINDINGS)
        recreation = _recreate(api, planned, view)
    _print([report.summary(recreation.cases, is_interrupted=recreation.is_interrupted)])
    if not all(case.outcome and case.outcome.is_fine for case in recreation.cases):
        raise typer.Exit(Outcome.FINDINGS)


def _seen(cluster: Cluster, namespaces: list[str]) -> Observation:
    observation = cluster.observe(namespaces)
    for text in observation.unreadable:
        note(f"couldn't read {text}", "yellow")
    known_in = observation.pods_known_in & observation.accounts_known_in & observation.secrets_known_in
    if observation.unreadable and not known_in:
        raise NotAllowedError(
            f"there is no namespace whose pods, accounts and Secrets may be read; {ROLE} has the rights for it"
        )
    return observation


def _demand(api: Api, planned: Plan) -> None:
    """Raises NotAllowedError where a right is missing, before anything is evicted."""
    missing = list(permissions.describe(lacking(api, permissions.to_evict(planned.namespaces)), ROLE))
    if missing:
        raise NotAllowedError(f"nothing was changed: {'; '.join(missing)}")


def _is_agreed(question: str) -> bool:
    """Asks on stderr, so that stdout holds nothing but the report; typer's own question would put a space there."""
    console = Console(stderr=True)
    console.print(Text(_fitting(f"{question} [y/N] ", console)), end="", soft_wrap=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _recreate(api: Api, planned: Plan, view: View) -> Recreation:
    console = Console(stderr=True)
    columns = (TextColumn("waiting for new pods"), BarColumn(), MofNCompleteColumn())
    unwritten: list[OutputError] = []
    # On a terminal what is printed goes above the bar; elsewhere the two have nothing to do with each other.
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal, redirect_stdout=sys.stdout.isatty()
    ) as progress:
        task = progress.add_task("", total=len(planned.recreate))

        def tell(case: Case) -> None:
            # Evictions are under way, and are seen to their end whatever becomes of what is told of them.
            try:
                _print([report.outcome_line(case, view)])
            except OutputError as error:
                unwritten.append(error)
            progress.advance(task)

        recreation = Recreation(api, planned.recreate, tell, PATIENCE, view.passwords_in)
        recreation.run()
    if unwritten:
        raise unwritten[0]
    return recreation


def _print(lines: Iterable[report.Line]) -> None:
    write(lambda file: _rendered(lines, file))


def _rendered(lines: Iterable[report.Line], file: TextIO) -> str:
    console = Console(file=file)
    with console.capture() as capture:
        for each in lines:
            console.print(Text.assemble((each.word, each.style), _fitting(each.text, console)), soft_wrap=True)
    return capture.get()


def _fitting(text: str, console: Console) -> str:
    """``text`` as the stream's encoding can hold it."""
    return text.encode(console.encoding, "backslashreplace").decode(console.encoding)
