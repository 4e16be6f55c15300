"""A project of somebody else's, which imports the component."""

import pulumi
from pulumi_image_pull_secrets import ImagePullSecrets, cluster_provider

config = pulumi.Config()
cluster = cluster_provider("cluster", context=config.require("context"), kubeconfig=config.get("kubeconfig"))
pulls = ImagePullSecrets(
    "pulls",
    {
        "secret_name": "regcred",
        "registries": [{"server": "ghcr.io", "username": "bot", "password": config.require_secret("token")}],
        "namespaces": [{"name": config.require("namespace"), "service_accounts": ["default", "builder"]}],
    },
    pulumi.ResourceOptions(provider=cluster),
)
pulumi.export("secrets", pulls.secrets)
pulumi.export("attached", pulls.attached)
