"""A real API server with etcd and the few controllers that the program meets: a cluster without nodes."""

import json
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import urllib3
import yaml

from . import files
from .pki import Authority, write_key
from .processes import ProcessError, Processes, free_ports, is_free

_START_TRIES = 3
_CONTROLLERS = ("namespace-controller", "serviceaccount-controller", "garbage-collector-controller")


@dataclass(frozen=True)
class Ports:
    """Where it listens, on loopback."""

    api_server: int
    etcd: int
    etcd_peer: int


class ControlPlane:
    """The control plane of one folder. Stopping and starting it again keeps its objects and addresses."""

    def __init__(self, folder: Path, parts: dict[str, Path], *, api_server_flags: Sequence[str] = ()) -> None:
        self._folder = folder
        self._parts = parts
        self._api_server_flags = api_server_flags
        self.processes = Processes(folder)

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig, with the contexts that ``start`` was given."""
        return self._folder / "kubeconfig"

    @property
    def server(self) -> str:
        """The API server's address."""
        return f"https://127.0.0.1:{self._ports().api_server}"

    def start(self, contexts: Iterable[str] = ("sandbox",)) -> None:
        """Starts what isn't running, and waits until the API server is ready and its controllers work."""
        if not self._identity_exists():
            self._create_identity()
        new = not (self._folder / "ports.json").exists()
        for attempt in range(_START_TRIES):
            if new:
                # Somebody may take one of these ports before we listen on it; then others are tried.
                files.write(self._folder / "ports.json", json.dumps(asdict(Ports(*free_ports(3)))))
            try:
                self._start_processes()
                break
            except ProcessError:
                self.processes.stop()
                if not new or attempt == _START_TRIES - 1:
                    raise
        files.write(self._folder / "kubeconfig", yaml.safe_dump(self._kubeconfig(contexts)))

    def _start_processes(self) -> None:
        ports, running = self._ports(), self.processes.running()
        for name, port in (("etcd", ports.etcd), ("kube-apiserver", ports.api_server)):
            if name not in running and not is_free(port):
                raise ProcessError(
                    f"port {port}, on which this sandbox's {name} was before, is taken by another process; "
                    "end that one, or start afresh: make down, make up"
                )
        if "etcd" not in running:
            self.processes.start("etcd", self._etcd_command(ports))
        if "kube-apiserver" not in running:
            self.processes.start("kube-apiserver", self._api_server_command(ports))
        self.processes.wait_until(self.is_ready, "kube-apiserver")
        if "kube-controller-manager" not in running:
            files.write(self._folder / "controllers.kubeconfig", yaml.safe_dump(self._kubeconfig(["sandbox"])))
            self.processes.start("kube-controller-manager", self._controller_command())
        self.processes.wait_until(self._controllers_work, "kube-controller-manager")

    def is_ready(self) -> bool:
        """Whether the API server says that it is ready."""
        return self._get("/readyz") is not None

    def metrics(self) -> str:
        """What the API server counts, as Prometheus reads it."""
        if (answer := self._get("/metrics")) is None:
            raise ProcessError("the API server doesn't tell its metrics")
        return answer.decode()

    def _controllers_work(self) -> bool:
        return self._get("/api/v1/namespaces/default/serviceaccounts/default") is not None

    def _get(self, path: str) -> bytes | None:
        token = (self._folder / "token").read_text()
        with urllib3.PoolManager(ca_certs=str(self._folder / "ca.crt"), retries=False, timeout=5) as pool:
            try:
                answer = pool.request("GET", self.server + path, headers={"Authorization": f"Bearer {token}"})
            except urllib3.exceptions.HTTPError:
                return None
        return answer.data if answer.status == 200 else None

    def _identity_exists(self) -> bool:
        return (self._folder / "token").exists()

    def _create_identity(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        authority = Authority.create()
        (self._folder / "ca.crt").write_bytes(authority.pem())
        authority.write_server(self._folder)
        write_key(self._folder / "service-accounts.key")
        token = secrets.token_urlsafe(24)
        files.write(self._folder / "tokens.csv", f'{token},admin,admin,"system:masters"\n')
        files.write(self._folder / "token", token)

    def _etcd_command(self, ports: Ports) -> list[str]:
        client, peer = f"http://127.0.0.1:{ports.etcd}", f"http://127.0.0.1:{ports.etcd_peer}"
        return [
            str(self._parts["etcd"]),
            f"--data-dir={self._folder / 'etcd'}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--unsafe-no-fsync",
        ]

    def _api_server_command(self, ports: Ports) -> list[str]:
        key = self._folder / "service-accounts.key"
        return [
            str(self._parts["kube-apiserver"]),
            f"--etcd-servers=http://127.0.0.1:{ports.etcd}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            f"--secure-port={ports.api_server}",
            f"--tls-cert-file={self._folder / 'server.crt'}",
            f"--tls-private-key-file={self._folder / 'server.key'}",
            f"--token-auth-file={self._folder / 'tokens.csv'}",
            "--authorization-mode=RBAC",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
            "--service-cluster-ip-range=10.0.0.0/24",
            "--endpoint-reconciler-type=none",
            *self._api_server_flags,
        ]

    def _controller_command(self) -> list[str]:
        return [
            str(self._parts["kube-controller-manager"]),
            f"--kubeconfig={self._folder / 'controllers.kubeconfig'}",
            f"--controllers={','.join(_CONTROLLERS)}",
            "--bind-address=127.0.0.1",
            "--secure-port=0",
            "--leader-elect=false",
            "--kube-api-qps=500",
            "--kube-api-burst=1000",
            "--concurrent-namespace-syncs=50",
        ]

    def _kubeconfig(self, contexts: Iterable[str]) -> dict[str, Any]:
        names = list(contexts)
        authority = (self._folder / "ca.crt").absolute()
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": "sandbox", "cluster": {"server": self.server, "certificate-authority": str(authority)}}
            ],
            "users": [{"name": "admin", "user": {"token": (self._folder / "token").read_text()}}],
            "contexts": [{"name": name, "context": {"cluster": "sandbox", "user": "admin"}} for name in names],
            "current-context": names[0],
        }

    def _ports(self) -> Ports:
        return Ports(**json.loads((self._folder / "ports.json").read_text()))
