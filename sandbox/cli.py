"""The command line behind the Makefile's targets."""

import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from pulumi import automation
from rich.console import Console
from rich.table import Table

from . import builds, parts, stacks
from .lifecycle import BusyError, Sandbox, attachments
from .parts import PartError
from .processes import ProcessError
from .stacks import StackFile, StackFileError

app = typer.Typer(
    help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None
)
console = Console(highlight=False, soft_wrap=True)
notes = Console(stderr=True, highlight=False, soft_wrap=True)

StackOption = Annotated[str, typer.Option(help="The stack: staging, preprod or prod.")]
ContextOption = Annotated[
    str, typer.Option(help="A kubeconfig context of a cluster of yours; the sandbox then starts nothing.")
]
_STARTED = time.monotonic()


@app.command()
def up(stack: StackOption = "staging", context: ContextOption = "") -> None:
    """Starts the sandbox, previews and ups the stack, and shows what is attached where and whether all pulls."""
    with _work(context) as sandbox:
        file = stacks.read(stack)
        sandbox.start(file)
        deployment = sandbox.stack(file)
        _say("pulumi preview")
        deployment.preview(**_shown())
        _say("pulumi up")
        outputs = deployment.up(**_shown()).outputs
        _show(sandbox, file)
        if context:
            _show_next_steps(_own_next_steps(file, context))
        else:
            _diagnose(sandbox, file)
            _show_next_steps(_next_steps(file, outputs["secrets"].value))


@app.command()
def preview(stack: StackOption = "staging", context: ContextOption = "") -> None:
    """Shows what an up would change, in full."""
    with _work(context) as sandbox:
        file = stacks.read(stack)
        sandbox.start(file)
        sandbox.stack(file).preview(diff=True, **_shown())


@app.command()
def status(context: ContextOption = "") -> None:
    """Shows what runs, and what is attached where."""
    sandbox = Sandbox(_say, context=context or None)
    running = sandbox.running()
    for name, pid in running.items():
        console.print(f"{name} runs (process {pid})")
    if not running and not context:
        console.print("nothing runs; start it with: make up")
        return
    with _explained():
        for name in sandbox.deployed():
            if name in stacks.names():
                _show(sandbox, stacks.read(name))
            else:
                command = f"make down CONTEXT={shlex.quote(context)}" if context else "make down"
                console.print(
                    f"stack {name} is up, though there is no Pulumi.{name}.yaml; take it down with: {command}"
                )


@app.command()
def down(context: ContextOption = "") -> None:
    """Destroys the stacks, ends every process, and removes .sandbox/."""
    with _work(context) as sandbox:
        for name in sandbox.deployed():
            if not context and "kube-apiserver" not in sandbox.running():
                _say(f"the cluster doesn't run, so stack {name} goes with it")
                continue
            _say(f"pulumi destroy --stack {name}")
            sandbox.destroy(name, _shown())
        sandbox.remove()
        for other in sandbox.own_clusters() if not context else []:
            _say(
                f'the stacks on your own cluster "{other}" are still up; take them down with: make down CONTEXT={other}'
            )
        _say("down")


@app.command("parts")
def provide_parts() -> None:
    """Finds or builds everything that the sandbox and the tests run."""
    with _explained():
        builds.provide(parts.ALL, _say)


@contextmanager
def _work(context: str) -> Iterator[Sandbox]:
    """One command at a time."""
    sandbox = Sandbox(_say, context=context or None)
    with _explained(), sandbox.locked():
        yield sandbox


@contextmanager
def _explained() -> Iterator[None]:
    """For what goes wrong a line instead of a traceback."""
    try:
        yield
    except automation.CommandError:
        _fail("the engine stopped; the reason is above")
    except (BusyError, PartError, ProcessError, StackFileError) as error:
        _fail(str(error))
    except KeyboardInterrupt:
        _fail("interrupted; run the same command to go on, or make down to remove everything", code=130)


def _fail(message: str, code: int = 1) -> None:
    notes.print(f"error: {message}", style="red", markup=False)
    raise typer.Exit(code)


def _say(message: str) -> None:
    notes.print(f"[{time.monotonic() - _STARTED:6.1f} s] {message}", style="dim", markup=False)


def _engine_output(line: str) -> None:
    sys.stdout.write(line.rstrip("\n") + "\n")
    sys.stdout.flush()


def _shown() -> dict[str, Any]:
    """How the engine is to print."""
    color = "always" if console.is_terminal and not console.no_color else "never"
    return {"on_output": _engine_output, "on_error": _engine_output, "color": color}


def _show(sandbox: Sandbox, file: StackFile) -> None:
    table = Table("Namespace", "ServiceAccount", "imagePullSecrets", title=f"Attached by stack {file.name}")
    ours = {file.config.get("secretName")}
    for namespace, account, names in attachments(sandbox.cluster(file), file):
        table.add_row(namespace, account, ", ".join(f"[bold]{name}[/]" if name in ours else name for name in names))
    console.print(table)


def _diagnose(sandbox: Sandbox, file: StackFile) -> None:
    """Prints what ``pull-secrets doctor`` prints of the sandbox's cluster.

    A process of its own writes exactly what a reader of the next steps gets. Its exit code is not ours: the stack is up
    whatever pods of other people in the cluster wait for, and the report above the next steps tells of it.
    """
    console.print()
    sys.stdout.flush()
    script = Path(sys.executable).with_name("pull-secrets")
    options = ["--kubeconfig", str(sandbox.kubeconfig), "--context", file.context, "--stack", str(file.path)]
    subprocess.run([script, "doctor", *options], check=False)


def _next_steps(file: StackFile, secrets: list[str]) -> list[str]:
    """``secrets`` are those of the stack, as namespace/name."""
    kubectl = f".sandbox/bin/kubectl --kubeconfig .sandbox/kubeconfig --context {file.context}"
    namespaces = [secret.partition("/")[0] for secret in secrets[:1]]
    return [
        f"{kubectl} get serviceaccounts -A",
        *(f"{kubectl} get secret {file.config['secretName']} -n {namespace} -o yaml" for namespace in namespaces),
        f".venv/bin/pull-secrets doctor --kubeconfig .sandbox/kubeconfig --context {file.context} "
        f"--stack {file.path.name}",
        f"$EDITOR {file.path.name} && make preview STACK={file.name}",
        "make down",
    ]


def _own_next_steps(file: StackFile, context: str) -> list[str]:
    """On somebody's own cluster nobody has asked to have all of it read, so the doctor is only named."""
    return [f".venv/bin/pull-secrets doctor --context {shlex.quote(context)} --stack {file.path.name}"]


def _show_next_steps(lines: list[str]) -> None:
    console.print()
    console.print("Next, for example:", markup=False)
    for line in lines:
        console.print(f"  {line}", markup=False)
