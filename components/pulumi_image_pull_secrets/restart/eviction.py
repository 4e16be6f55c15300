"""One eviction, through the API that holds to disruption budgets; never a delete.

https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/
"""

import contextlib
import re
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus

from ..api import Api, RefusedError, path_of
from ..doctor.observation import PodSeen
from ..errors import ClusterUnreachableError

# A conflict, since the API server gives up after some that it had with other writers, with the pod still there.
_LATER = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.CONFLICT}
_UNHEARD = {HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT}
"""Answers for one that didn't come in time: the eviction may have been carried out, or may be yet."""
_OTHER_UID = re.compile(r"\bUID in (the )?precondition\b")
"""A conflict because the pod is another by now, in the words of the API server's registry, or of its storage.

https://github.com/kubernetes/apiserver/blob/master/pkg/registry/rest/delete.go
https://github.com/kubernetes/apiserver/blob/master/pkg/storage/interfaces.go
"""
_BUDGET = re.compile(r"The disruption budget (\S+) ")


class Verdict(Enum):
    """What an API server makes of an eviction."""

    EVICTED = "evicted"
    GONE = "gone before"
    LATER = "refused for now"
    UNHEARD = "no answer, so that nobody knows"
    NEVER = "refused"


@dataclass(frozen=True)
class Answer:
    """The answer to one eviction."""

    verdict: Verdict
    said: str = ""
    """The server's words where it refused, such as what a budget needs and has."""
    budget: str = ""
    """The PodDisruptionBudget that refused, if it was one."""
    after: float = 0.0
    """Seconds after which it wants to be asked again, if it says so."""


def evict(api: Api, pod: PodSeen) -> Answer:
    """Asks for the eviction of this very pod, not of another that has got its name since."""
    eviction = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": pod.name, "namespace": pod.namespace},
        "deleteOptions": {"preconditions": {"uid": pod.uid}},
    }
    try:
        answer = api.post(path_of("pods", pod.namespace, pod.name) + "/eviction", eviction, once=True)
    except RefusedError as error:
        return _refusal(error)
    except ClusterUnreachableError as error:
        return Answer(Verdict.UNHEARD, str(error))
    return Answer(Verdict.GONE if answer is None else Verdict.EVICTED)


def _refusal(error: RefusedError) -> Answer:
    message = error.status.get("message") or ""
    if error.code == HTTPStatus.NOT_FOUND or (error.code == HTTPStatus.CONFLICT and _OTHER_UID.search(message)):
        return Answer(Verdict.GONE)
    details = error.status.get("details") or {}
    causes = [cause.get("message") or "" for cause in details.get("causes") or []]
    budget = next((match[1] for cause in causes if (match := _BUDGET.match(cause))), "")
    said = " ".join(filter(None, [message or str(error), *causes]))
    after = 0.0
    with contextlib.suppress(TypeError, ValueError):
        after = float(details.get("retryAfterSeconds") or 0)
    verdict = Verdict.UNHEARD if error.code in _UNHEARD else Verdict.LATER if error.code in _LATER else Verdict.NEVER
    return Answer(verdict, said, budget, after)
