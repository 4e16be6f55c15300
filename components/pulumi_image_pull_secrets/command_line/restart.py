"""``pull-secrets restart``: recreates pods that lack a login which their account has by now."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from .. import kubeconfig, permissions
from ..api import Api
from ..cluster import lacking, namespace_names
from ..doctor.observation import Observation
from ..doctor.reader import observe
from ..doctor.report import visible
from ..doctor.view import View
from ..errors import ClusterUnreachableError, KubeconfigError
from ..names import nearest
from ..restart import report
from ..restart.plan import Plan, plan
from ..restart.recreation import Case, Patience, Recreation

PATIENCE = Patience()
ROLE = "deploy/rbac-restart.yaml"

_NOT_RIGHT, _USAGE, _NOT_SEEN = 1, 2, 3


def restart(
    namespaces: Annotated[
        list[str] | None,
        typer.Option("--namespace", "-n", help="Only this namespace; may be given several times. All if left out."),
    ] = None,
    context: Annotated[
        str, typer.Option(help="The kubeconfig's context; the current one if left out.", show_default=False)
    ] = "",
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

    Exit codes: 0 all done, or nothing to do; 1 something is still not right; 2 wrong usage; 3 the cluster can't be
    reached, or doesn't allow it.
    """
    if not (yes or dry_run or sys.stdin.isatty()):
        raise _fail("there is no terminal to ask at; give --yes to do it, or --dry-run to see what it would do", _USAGE)
    with _explained():
        context = context or kubeconfig.current_context()
        with Api(context=context) as api:
            api.check()
            view = View(_seen(api, namespaces or ()))
            planned = plan(view, stuck_only=stuck_only, include_bare=include_bare)
            _print(report.plan_lines(planned, context))
            if dry_run or not planned.recreate:
                return
            _demand(api, planned)
            if not (yes or _is_agreed(f"Recreate {report.where(planned, context)}?")):
                raise _fail("nothing was changed", _NOT_RIGHT)
            recreation = _recreate(api, planned, view)
    _print([report.summary(recreation.cases, is_interrupted=recreation.is_interrupted)])
    if not all(case.outcome and case.outcome.is_fine for case in recreation.cases):
        raise typer.Exit(_NOT_RIGHT)


def _seen(api: Api, wanted: Sequence[str]) -> Observation:
    known = namespace_names(api) if wanted else ()
    for name in wanted:
        if known and name not in known:
            meant = nearest(name, known)
            hint = f'; did you mean "{meant}"?' if meant else ""
            raise _fail(f'there is no namespace "{name}"{hint}', _USAGE)
    observation = observe(api, wanted)
    for text in observation.unreadable:
        _note(f"couldn't read {text}", "yellow")
    known_in = observation.pods_known_in & observation.accounts_known_in & observation.secrets_known_in
    if observation.unreadable and not known_in:
        raise _fail(
            f"there is no namespace whose pods, accounts and Secrets may be read; {ROLE} has the rights for it",
            _NOT_SEEN,
        )
    return observation


def _demand(api: Api, planned: Plan) -> None:
    """Ends the run where a right is missing, before anything is evicted."""
    missing = list(permissions.describe(lacking(api, permissions.to_evict(planned.namespaces)), ROLE))
    if missing:
        raise _fail(f"nothing was changed: {'; '.join(missing)}", _NOT_SEEN)


def _is_agreed(question: str) -> bool:
    """Asks on stderr, so that stdout holds nothing but the report; typer's own question would put a space there."""
    console = Console(stderr=True)
    console.print(Text(_fitting(f"{question} [y/N] ", console)), end="", soft_wrap=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _recreate(api: Api, planned: Plan, view: View) -> Recreation:
    console = Console(stderr=True)
    columns = (TextColumn("waiting for new pods"), BarColumn(), MofNCompleteColumn())
    # On a terminal what is printed goes above the bar; elsewhere the two have nothing to do with each other.
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal, redirect_stdout=sys.stdout.isatty()
    ) as progress:
        task = progress.add_task("", total=len(planned.recreate))

        def tell(case: Case) -> None:
            _print([report.outcome_line(case, view)])
            progress.advance(task)

        recreation = Recreation(api, planned.recreate, tell, PATIENCE)
        recreation.run()
    return recreation


@contextmanager
def _explained() -> Iterator[None]:
    """For what goes wrong a line instead of a traceback."""
    try:
        yield
    except KubeconfigError as error:
        raise _fail(str(error), _USAGE) from None
    except ClusterUnreachableError as error:
        raise _fail(str(error), _NOT_SEEN) from None
    except KeyboardInterrupt:
        raise _fail("interrupted; nothing was changed but what is told above", _NOT_RIGHT) from None


def _fail(message: str, code: int) -> typer.Exit:
    _note(f"error: {message}", "red")
    return typer.Exit(code)


def _note(message: str, style: str) -> None:
    console = Console(stderr=True)
    console.print(Text(_fitting(visible(message), console), style), soft_wrap=True)


def _print(lines: Iterable[report.Line]) -> None:
    console = Console()
    for each in lines:
        console.print(Text.assemble((each.word, each.style), _fitting(each.text, console)), soft_wrap=True)


def _fitting(text: str, console: Console) -> str:
    """``text`` as the stream's encoding can hold it."""
    return text.encode(console.encoding, "backslashreplace").decode(console.encoding)
