"""What an API server has answered so far, by its own count."""

import re
from collections import Counter
from collections.abc import Collection

OF_THE_PROGRAM = frozenset({"secrets", "serviceaccounts", "namespaces", "selfsubjectaccessreviews"})
"""What a preflight and an up ask for."""

_COUNTED = re.compile(r"^apiserver_request_total\{(.*)\} (\S+)$", re.MULTILINE)


def counted(metrics: str, resources: Collection[str]) -> Counter[str]:
    """Requests for these resources, such as ``LIST pods`` -> 10, of the text that ``/metrics`` answers.

    Watches are left out: controllers keep them open, and renew them when they like.
    """
    found: Counter[str] = Counter()
    for labels, value in _COUNTED.findall(metrics):
        label = dict(re.findall(r'(\w+)="([^"]*)"', labels))
        if label["resource"] in resources and label["verb"] != "WATCH":
            found[f"{label['verb']} {label['resource']}"] += int(float(value))
    return found
