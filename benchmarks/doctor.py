"""Measures ``pull-secrets doctor`` on 5,000 pods in 500 namespaces of a real API server: time, memory, requests."""

import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kubernetes.config import new_client_from_config

from benchmarks.crowd import Crowd
from sandbox import builds, parts
from sandbox.api_requests import counted
from sandbox.controlplane import ControlPlane

NAMESPACES, PODS, WAITING = 500, 5_000, 500
RUNS = 5
CONTEXT = "sandbox"
MOST_SECONDS, MOST_MEBIBYTES = 10.0, 300.0

# The peak is the kernel's of the command's own memory (proc(5)): what wait4 tells would include that of this process.
_MEASURED = """
import atexit, pathlib, sys
from pulumi_image_pull_secrets.command_line import main
peak = pathlib.Path(sys.argv.pop())
atexit.register(lambda: peak.write_text(pathlib.Path("/proc/self/status").read_text()))
main()
"""
_READ = {
    *("namespaces", "pods", "serviceaccounts", "secrets", "events"),
    *("deployments", "statefulsets", "daemonsets", "jobs", "cronjobs"),
}


@dataclass(frozen=True)
class Measured:
    """One run of the command."""

    seconds: float
    busy: float
    """Seconds of processors, which other programs on the machine change less."""
    mebibytes: float
    requests: Counter[str]
    """By verb and resource, such as ``LIST pods``; the API server's own count."""
    report: dict[str, Any]


def main() -> None:
    """Makes the cluster, measures, prints, and exits with 1 where a target is missed."""
    with tempfile.TemporaryDirectory() as folder:
        found = builds.provide(parts.CONTROL_PLANE, _say)
        plane = ControlPlane(Path(folder) / "cluster", found)
        try:
            plane.start([CONTEXT])
            _say(f"making {PODS} pods in {NAMESPACES} namespaces")
            Crowd(new_client_from_config(str(plane.kubeconfig), CONTEXT)).make(
                namespaces=NAMESPACES, pods=PODS, waiting=WAITING
            )
            runs = [_measure(plane, Path(folder)) for _ in range(RUNS)]
        finally:
            plane.processes.stop()
    sys.exit(_tell(runs))


def _measure(plane: ControlPlane, folder: Path) -> Measured:
    peak = folder / "peak"
    options = ["--kubeconfig", str(plane.kubeconfig), "--context", CONTEXT, "-o", "json", str(peak)]
    before, busy_before, start = counted(plane.metrics(), _READ), _busy(), time.monotonic()
    run = subprocess.run([sys.executable, "-c", _MEASURED, "doctor", *options], stdout=subprocess.PIPE, check=False)
    seconds, busy = time.monotonic() - start, _busy() - busy_before
    after = counted(plane.metrics(), _READ)
    if run.returncode != 1:
        sys.exit(f"the doctor ended with {run.returncode}; pods that wait make it 1")
    kibibytes = re.search(r"VmHWM:\s+(\d+) kB", peak.read_text())
    assert kibibytes, "the kernel tells no peak"  # noqa: S101
    report = json.loads(run.stdout)
    told = sum(found["pods"] for found in report["findings"] if found["severity"] == "error")
    if told < WAITING:
        sys.exit(f"the doctor tells of {told} pods that don't pull, and there are {WAITING}")
    measured = Measured(seconds, busy, int(kibibytes[1]) / 1024, after - before, report)
    _say(f"{measured.seconds:.2f} s, {measured.mebibytes:.0f} MiB")
    return measured


def _busy() -> float:
    """What processes that were waited for have taken of all processors so far."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _tell(runs: list[Measured]) -> int:
    """Prints what came out; 1 where a target is missed."""
    seconds, memory = [run.seconds for run in runs], [run.mebibytes for run in runs]
    print(f"{PODS} pods in {NAMESPACES} namespaces, {WAITING} of them waiting; {RUNS} runs, {os.cpu_count()} cores")
    busy = [run.busy for run in runs]
    print(
        _spread("seconds", seconds, 2), _spread("processor seconds", busy, 2), _spread("peak MiB", memory, 0), sep="\n"
    )
    for name, number in sorted(runs[-1].requests.items()):
        print(f"{name:24} {number}")
    requests = max(sum(run.requests.values()) for run in runs)
    print(f"requests: {requests}")
    is_met = statistics.median(seconds) < MOST_SECONDS and max(memory) < MOST_MEBIBYTES and requests < NAMESPACES
    print("met" if is_met else "MISSED", f"target: under {MOST_SECONDS:.0f} s and {MOST_MEBIBYTES:.0f} MiB")
    return 0 if is_met else 1


def _spread(name: str, values: list[float], digits: int) -> str:
    middle, least, most = (f"{each:.{digits}f}" for each in (statistics.median(values), min(values), max(values)))
    return f"{name}: median {middle}, from {least} to {most}"


def _say(message: str) -> None:
    print(message, file=sys.stderr)


if __name__ == "__main__":
    main()
