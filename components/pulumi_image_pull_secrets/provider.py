"""A Kubernetes provider with everything that the component's promises need."""

import pulumi
import pulumi_kubernetes

from . import kubeconfig as kubeconfigs
from .errors import KubeconfigError

CLIENT_QPS = 1000.0
CLIENT_BURST = 2000
"""Requests per second, and at once, that the provider's client lets through. Its own 50 and 120 are what a refresh of
300 namespaces waits for; the API server's priority and fairness protects others from us."""


def cluster_provider(
    name: str,
    *,
    context: str,
    kubeconfig: pulumi.Input[str] | None = None,
    adopt: bool = False,
    cluster: str | None = None,
    opts: pulumi.ResourceOptions | None = None,
) -> pulumi_kubernetes.Provider:
    """A provider that is bound to one context and can do what ImagePullSecrets asks of it.

    It forces its patches, since an account's list is taken over whole; changes a Secret in place instead of replacing
    it; and with ``adopt`` takes over objects that exist.

    ``kubeconfig`` is a path or the text, also as an Output that is known only after an up. Where it is left out, the
    file is searched for as kubectl does; raises KubeconfigError where it, or the context in it, isn't there, or names
    a file by a relative path: the provider reads the text alone, and knows nothing of the folder that it was in.
    https://github.com/pulumi/pulumi-kubernetes/blob/master/provider/pkg/provider/util.go (parseKubeconfigString)

    ``cluster`` is what a preflight found to tell the cluster from others. Without it, the provider takes a kubeconfig
    in which the server's address or its certificates were written anew for another cluster: everything is made again
    and deleted where it was, which is the same place.
    https://github.com/pulumi/pulumi-kubernetes/blob/master/provider/pkg/provider/provider.go (DiffConfig)
    """
    if kubeconfig is None or isinstance(kubeconfig, str):
        found = kubeconfigs.find(context, kubeconfig)
        # A text has no folder of its own, and isn't shown.
        if found.is_path and (relative := found.relative_files):
            raise KubeconfigError(
                f'context "{context}" in the kubeconfig {found.source} has a relative path in {", ".join(relative)}, '
                "which the Kubernetes provider looks for where Pulumi runs; make it absolute, or take what "
                "kubectl config view --raw --flatten prints"
            )
        # A text holds credentials, and a path doesn't: the state shall hold a text encrypted.
        kubeconfig = found.source if found.is_path else pulumi.Output.secret(found.source)
    else:
        kubeconfig = pulumi.Output.secret(kubeconfig)
    return pulumi_kubernetes.Provider(
        name,
        kubeconfig=kubeconfig,
        context=context,
        enable_patch_force=True,
        enable_secret_mutable=True,
        upsert_existing_objects=adopt,
        cluster_identifier=cluster,
        kube_client_settings=pulumi_kubernetes.KubeClientSettingsArgs(qps=CLIENT_QPS, burst=CLIENT_BURST),
        opts=opts,
    )
