"""Contender: a Pulumi program on the real engine, this one or the one that somebody would write first."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pulumi import automation
from pulumi_image_pull_secrets.docker_config import SECRET_KEY, SECRET_TYPE, Registry, render
from pulumi_kubernetes.core import v1 as core
from pulumi_kubernetes.meta import v1 as meta

from benchmarks.rollout.work import DESTROY, PREVIEW, SECRET_NAME, SERVER, USERNAME, Work
from sandbox.engine import PROJECT, Engine, Program, checkout_program

_PASSWORD_ENV = "BENCHMARK_PASSWORD"


def main() -> None:
    """``ours`` or ``naive`` is the one argument."""
    work, which = Work.read(), sys.argv[1]
    engine = Engine(Path(work.folder), pulumi=Path(work.parts["pulumi"]), plugin=Path(work.plugin))
    program, config = _ours(work) if which == "ours" else _naive(work)
    stack = engine.stack("bench", program, {f"{PROJECT}:{key}": value for key, value in config.items()})
    if work.operation == DESTROY:
        stack.destroy()
    elif work.operation == PREVIEW:
        _demand_nothing(stack.preview().change_summary)
    else:
        stack.up()


def _ours(work: Work) -> tuple[Program, dict[str, Any]]:
    config = {
        "context": work.context,
        "kubeconfig": work.kubeconfig,
        "secretName": SECRET_NAME,
        "registries": [{"server": SERVER, "username": USERNAME, "passwordEnv": _PASSWORD_ENV}],
        "namespaces": [{"name": name} for name in work.namespaces],
    }
    return checkout_program({_PASSWORD_ENV: work.password}), config


def _naive(work: Work) -> tuple[Program, dict[str, Any]]:
    text = render([Registry(SERVER, USERNAME, work.password)])

    def program() -> None:
        for name in work.namespaces:
            secret = core.Secret(
                f"{name}-secret",
                metadata=meta.ObjectMetaArgs(name=SECRET_NAME, namespace=name),
                type=SECRET_TYPE,
                string_data={SECRET_KEY: text},
            )
            core.ServiceAccountPatch(
                f"{name}-default",
                metadata=meta.ObjectMetaPatchArgs(
                    name="default", namespace=name, annotations={"pulumi.com/patchForce": "true"}
                ),
                image_pull_secrets=[core.LocalObjectReferencePatchArgs(name=secret.metadata.name)],
            )

    return program, {}


def _demand_nothing(changes: Mapping[Any, int]) -> None:
    if changed := {str(kind) for kind in changes} - {"same"}:
        sys.exit(f"a preview that should show nothing has {', '.join(changed)}")


if __name__ == "__main__":
    try:
        main()
    except automation.CommandError as error:
        sys.exit(str(error)[-2_000:])
