"""The kinds that a diagnosis looks at, and what of each it wants."""

from dataclasses import dataclass

from .parsing import CONTENT_KEYS


@dataclass(frozen=True)
class Kind:
    """One kind, or part of one."""

    plural: str
    """As rights and the API's paths name it, such as ``serviceaccounts``."""
    field_selector: str = ""
    version: str = "v1"
    """The API's, with its group."""
    metadata_only: bool = False
    """Whether nothing else of it is asked for."""


PODS = Kind("pods", "status.phase!=Succeeded,status.phase!=Failed")
"""Those that aren't over."""
ACCOUNTS = Kind("serviceaccounts")
SECRETS_WITH_CREDENTIALS = tuple(Kind("secrets", f"type={type_}") for type_ in CONTENT_KEYS)
"""Those of each type that holds registry credentials."""
OTHER_SECRETS = Kind("secrets", ",".join(f"type!={type_}" for type_ in CONTENT_KEYS), metadata_only=True)
"""Those of any other type."""
WORKLOADS = {
    "Deployment": Kind("deployments", version="apps/v1"),
    "StatefulSet": Kind("statefulsets", version="apps/v1"),
    "DaemonSet": Kind("daemonsets", version="apps/v1"),
    "Job": Kind("jobs", version="batch/v1"),
    "CronJob": Kind("cronjobs", version="batch/v1"),
}
"""By their kind, all that have pod templates."""


def pod_events(reason: str) -> Kind:
    """The events of pods for this reason."""
    return Kind("events", f"involvedObject.kind=Pod,reason={reason}")
