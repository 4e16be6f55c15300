"""``pull-secrets doctor``."""

from collections.abc import Iterable
from enum import Enum
from pathlib import Path
from typing import Annotated, TextIO

import typer

from ..doctor import image_scope, report_html, report_json, report_table, selection, stack_file
from ..doctor import verify as verifying
from ..doctor.diagnosis import diagnose
from ..doctor.findings import Finding, Severity
from ..doctor.image_scope import ImageAnswer, WantedImage
from ..doctor.report import Report, report_of
from ..doctor.view import View
from .cluster import Cluster
from .options import CaFileOption, ContextOption, KubeconfigOption, TimeoutOption, VerifyOption, namespaces_of
from .outcomes import Outcome, UsageMistakeError, write
from .registries import Registries


class FailOn(str, Enum):
    """The least severity that makes the exit code 1."""

    ERROR = "error"
    WARNING = "warning"
    NEVER = "never"


class Format(str, Enum):
    """What is written."""

    TABLE = "table"
    JSON = "json"
    HTML = "html"


def doctor(
    context: ContextOption = None,
    kubeconfig: KubeconfigOption = None,
    namespace: Annotated[
        list[str] | None,
        typer.Option("--namespace", "-n", metavar="NS", help="Only this namespace; may be given several times."),
    ] = None,
    all_namespaces: Annotated[
        bool, typer.Option("--all-namespaces", "-A", help="All namespaces, which is the default.")
    ] = False,
    image: Annotated[
        str | None,
        typer.Option(
            metavar="REF",
            help="Only what concerns pods with this image, and which logins serve it. Without a tag: any.",
        ),
    ] = None,
    checks: Annotated[
        list[str] | None,
        typer.Option(metavar="CODES", help="Only findings of these checks, such as secret-missing,pod-dns."),
    ] = None,
    fail_on: Annotated[FailOn, typer.Option(help="The least severity for which the exit code is 1.")] = FailOn.ERROR,
    output: Annotated[Format, typer.Option("--output", "-o", help="The format.")] = Format.TABLE,
    stack: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A stack file, such as Pulumi.prod.yaml: also tells what it doesn't list. Its context is the default.",
        ),
    ] = None,
    verify: VerifyOption = False,
    ca_file: CaFileOption = None,
    timeout: TimeoutOption = None,
) -> None:
    """Tells what doesn't pull in a cluster, why, and what to type. It only reads.

    With --verify it also asks the registries, as a node would, with the logins that are in the Secrets.

    Exit codes: 0 clean, 1 findings at or above --fail-on, 2 usage, 3 could not check.
    """
    if namespace and all_namespaces:
        raise UsageMistakeError("--namespace and --all-namespaces exclude each other")
    namespaces = namespaces_of(namespace or ())
    codes = [code for text in checks or () for code in text.replace(",", " ").split()]
    selected = selection.checks_of(codes, has_stack=stack is not None, verifies=verify)
    wanted = None if image is None else WantedImage.parse(image)
    file = None if stack is None else stack_file.read(stack)
    coverage = None
    if file:
        coverage = file.coverage
        context, kubeconfig = context or file.context, kubeconfig or file.kubeconfig
        if not context:
            raise UsageMistakeError("the context in the stack file is encrypted; name it with --context")

    registries = Registries.of(verify, ca_file, timeout)
    cluster = Cluster.of(context, kubeconfig)
    observation = cluster.observe(namespaces)
    view = View(observation, coverage)
    verdicts = verifying.verdicts(view, registries.ask, wanted) if registries else None
    found = diagnose(observation, coverage=coverage, verdicts=verdicts or ())
    findings = [each for each in found if each.check in selected]
    answer: ImageAnswer | None = None
    if wanted:
        findings = image_scope.concerning(view, wanted, findings)
        answer = image_scope.answer(view, wanted)
    report = report_of(observation, cluster.context, selected, findings, answer, verdicts)
    write(lambda file: _rendered(report, output, file))
    raise typer.Exit(_outcome(findings, fail_on))


def _rendered(report: Report, output: Format, file: TextIO) -> str:
    if output is Format.JSON:
        return report_json.render(report)
    return report_html.render(report) if output is Format.HTML else report_table.render(report, file)


def _outcome(findings: Iterable[Finding], fail_on: FailOn) -> Outcome:
    if fail_on is FailOn.NEVER:
        return Outcome.CLEAN
    least = Severity(fail_on.value).rank
    return Outcome.FINDINGS if any(found.severity.rank >= least for found in findings) else Outcome.CLEAN
