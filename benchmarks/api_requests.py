"""What an API server has answered so far, by its own count."""

import re
import subprocess
from collections import Counter
from collections.abc import Collection
from pathlib import Path

_COUNTED = re.compile(r"^apiserver_request_total\{(.*)\} (\S+)$", re.MULTILINE)


def counted(kubectl: Path, kubeconfig: Path, resources: Collection[str]) -> Counter[str]:
    """Requests for these resources, such as ``LIST pods`` -> 10, without the watches that controllers keep open."""
    metrics = subprocess.run(
        [kubectl, "--kubeconfig", kubeconfig, "get", "--raw", "/metrics"], stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    found: Counter[str] = Counter()
    for labels, value in _COUNTED.findall(metrics):
        label = dict(re.findall(r'(\w+)="([^"]*)"', labels))
        if label["resource"] in resources and label["verb"] != "WATCH":
            found[f"{label['verb']} {label['resource']}"] += int(float(value))
    return found
