"""How each kind that a diagnosis looks at is listed."""

from collections.abc import Iterator
from dataclasses import dataclass

from kubernetes import client

from ..api import Api, Request
from .parsing import CONTENT_KEYS


@dataclass(frozen=True)
class Kind:
    """One kind, or part of one, and the two requests that list it."""

    plural: str
    """As rights name it, such as ``serviceaccounts``."""
    everywhere: Request
    in_namespace: Request
    field_selector: str = ""


def pods(api: Api) -> Kind:
    """Those that aren't over."""
    core, selector = api.objects, "status.phase!=Succeeded,status.phase!=Failed"
    return Kind("pods", core.list_pod_for_all_namespaces, core.list_namespaced_pod, selector)


def accounts(api: Api) -> Kind:
    """All of them."""
    core = api.objects
    return Kind("serviceaccounts", core.list_service_account_for_all_namespaces, core.list_namespaced_service_account)


def secrets_with_credentials(api: Api) -> Iterator[Kind]:
    """Those of each type that holds registry credentials, whole."""
    for type_ in CONTENT_KEYS:
        core, selector = api.objects, f"type={type_}"
        yield Kind("secrets", core.list_secret_for_all_namespaces, core.list_namespaced_secret, selector)


def other_secrets(api: Api) -> Kind:
    """Those of any other type, as metadata."""
    selector = ",".join(f"type!={type_}" for type_ in CONTENT_KEYS)
    metadata = api.metadata
    return Kind("secrets", metadata.list_secret_for_all_namespaces, metadata.list_namespaced_secret, selector)


def pod_events(api: Api, reason: str) -> Kind:
    """The events of pods for this reason."""
    core, selector = api.objects, f"involvedObject.kind=Pod,reason={reason}"
    return Kind("events", core.list_event_for_all_namespaces, core.list_namespaced_event, selector)


def workloads(api: Api) -> dict[str, Kind]:
    """By their kind, all that have pod templates."""
    apps, batch = api.group(client.AppsV1Api), api.group(client.BatchV1Api)
    return {
        "Deployment": Kind("deployments", apps.list_deployment_for_all_namespaces, apps.list_namespaced_deployment),
        "StatefulSet": Kind(
            "statefulsets", apps.list_stateful_set_for_all_namespaces, apps.list_namespaced_stateful_set
        ),
        "DaemonSet": Kind("daemonsets", apps.list_daemon_set_for_all_namespaces, apps.list_namespaced_daemon_set),
        "Job": Kind("jobs", batch.list_job_for_all_namespaces, batch.list_namespaced_job),
        "CronJob": Kind("cronjobs", batch.list_cron_job_for_all_namespaces, batch.list_namespaced_cron_job),
    }
