"""Contender: the floor, a script that makes the necessary requests with the official client and nothing else."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from kubernetes import client
from kubernetes.client.exceptions import ApiException
from kubernetes.config import new_client_from_config
from pulumi_image_pull_secrets.docker_config import SECRET_KEY, SECRET_TYPE, Registry, render

from benchmarks.rollout.work import ADD, DESTROY, FIRST, SECRET_NAME, SERVER, USERNAME, Work

PARALLEL = 8


def main() -> None:
    """One operation in all namespaces; it keeps no state, so that adding one does just that one."""
    work = Work.read()
    api: Any = client.CoreV1Api(new_client_from_config(work.kubeconfig, work.context))
    secret = {
        "metadata": {"name": SECRET_NAME},
        "type": SECRET_TYPE,
        "stringData": {SECRET_KEY: render([Registry(SERVER, USERNAME, work.password)])},
    }

    def do(namespace: str) -> None:
        if work.operation in (FIRST, ADD):
            api.create_namespaced_secret(namespace, secret)
            patch = {"imagePullSecrets": [{"name": SECRET_NAME}]}
            api.patch_namespaced_service_account("default", namespace, patch)
        elif work.operation == DESTROY:
            api.patch_namespaced_service_account("default", namespace, {"imagePullSecrets": None})
            with suppress(ApiException):
                api.delete_namespaced_secret(SECRET_NAME, namespace)
        else:
            api.patch_namespaced_secret(SECRET_NAME, namespace, {"stringData": secret["stringData"]})

    namespaces = work.namespaces[-1:] if work.operation == ADD else work.namespaces
    with ThreadPoolExecutor(PARALLEL) as pool:
        list(pool.map(do, namespaces))


if __name__ == "__main__":
    main()
