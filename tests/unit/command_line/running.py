"""The command line as a person runs it, on a cluster that a test makes up."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from pulumi_image_pull_secrets.command_line import cluster, main
from pulumi_image_pull_secrets.doctor.observation import Observation

CONTEXT = "acme-staging"


@dataclass(frozen=True)
class Ran:
    """What came of a command."""

    code: int
    out: str
    err: str


class CommandLine:
    """``pull-secrets``, in this process; ``asked`` are the namespaces of each reading."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: Path) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        self.asked: list[list[str]] = []
        self.clusters: list[cluster.Cluster] = []
        kubeconfig = folder / "kubeconfig"
        kubeconfig.write_text(
            f"current-context: {CONTEXT}\n"
            f"contexts: [{{name: {CONTEXT}, context: {{cluster: c, namespace: shop}}}}]\n"
            "clusters: [{name: c, cluster: {server: 'https://192.0.2.1'}}]\n"
        )
        monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
        monkeypatch.setenv("COLUMNS", "100")

    def sees(self, observation: Observation) -> None:
        """From now on this is what the cluster has."""

        def observe(this: cluster.Cluster, namespaces: Sequence[str] = ()) -> Observation:
            self.clusters.append(this)
            self.asked.append(list(namespaces))
            return observation

        self._monkeypatch.setattr(cluster.Cluster, "observe", observe)

    def run(self, *arguments: str) -> Ran:
        """What ``pull-secrets`` with these arguments comes to."""
        self._monkeypatch.setattr(sys, "argv", ["pull-secrets", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        code = ended.value.code
        written = self._capsys.readouterr()
        assert "Traceback" not in written.err
        return Ran(code if isinstance(code, int) else 0 if code is None else 1, written.out, written.err)
