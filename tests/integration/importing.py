"""Somebody else's program: it imports the component, which reads each account by itself."""

from typing import Any

import pulumi
from pulumi_image_pull_secrets import ImagePullSecrets, ImagePullSecretsArgs, cluster_provider
from pulumi_image_pull_secrets.args import NamespaceArgs, RegistryArgs

from sandbox.engine import Program
from tests.integration.live import CONTEXT, LiveCluster
from tests.integration.program import ProgramStack


def import_components(cluster: LiveCluster, stack: ProgramStack, *names: str) -> None:
    """Gives the stack such a program, of one component or several.

    Each has the stack's configuration as it is when the program runs, and over it what stands there under its name.
    """

    def make() -> Program:
        def program() -> None:
            provider = cluster_provider(
                "cluster",
                context=CONTEXT,
                kubeconfig=str(cluster.kubeconfig),
                adopt=stack.config.get("adopt", False),
            )
            for name in names:
                args = _args({**stack.config, **stack.config.get(name, {})}, stack.password)
                ImagePullSecrets(name, args, pulumi.ResourceOptions(provider=provider))

        return program

    stack.program = make


def _args(config: dict[str, Any], password: str) -> ImagePullSecretsArgs:
    return ImagePullSecretsArgs(
        secret_name=config["secretName"],
        registries=[RegistryArgs(server="ghcr.io", username="bot", password=password)],
        namespaces=[
            NamespaceArgs(name=entry["name"], service_accounts=entry.get("serviceAccounts", ["default"]))
            for entry in config["namespaces"]
        ],
        detach=config.get("detach", False),
    )
