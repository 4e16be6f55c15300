"""Options that several commands have."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from ..names import label_problem
from ..registry import TIMEOUT
from .outcomes import UsageMistakeError

ContextOption = Annotated[
    str | None, typer.Option(metavar="C", help="The kubeconfig context; the current one where it is left out.")
]
KubeconfigOption = Annotated[
    str | None,
    typer.Option(metavar="PATH", help="The kubeconfig; KUBECONFIG or ~/.kube/config where it is left out."),
]

VerifyOption = Annotated[
    bool, typer.Option("--verify", help="Ask the registries, from this machine, whether they give the images.")
]
CaFileOption = Annotated[
    Path | None,
    typer.Option(metavar="PATH", help="With --verify: certificates (PEM) of authorities to trust as well."),
]
TimeoutOption = Annotated[
    float | None,
    typer.Option(metavar="SECONDS", help=f"With --verify: how long to wait for each image; {TIMEOUT:g} by default."),
]


def namespaces_of(texts: Iterable[str]) -> list[str]:
    """What was typed as namespaces, several in one text too, each once. Raises UsageMistakeError."""
    names = list(dict.fromkeys(name for text in texts for name in text.split(",")))
    for name in names:
        if problem := label_problem(name):
            raise UsageMistakeError(f"--namespace: {problem}")
    return names
