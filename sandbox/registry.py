"""A real registry on loopback that asks for a login."""

import json
from pathlib import Path
from typing import Any

import bcrypt
import urllib3
import yaml

from . import files
from .processes import ProcessError, Processes, free_ports, is_free

USERNAME = "sandbox"
_START_TRIES = 3


class Registry:
    """The registry of one folder; stopping and starting it again keeps its address."""

    def __init__(self, folder: Path, binary: Path) -> None:
        self.folder = folder
        self._binary = binary
        self.processes = Processes(folder)

    @property
    def address(self) -> str:
        """``127.0.0.1:<port>``, as it stands in an image's name."""
        return f"127.0.0.1:{json.loads((self.folder / 'port.json').read_text())}"

    def start(self, password: str) -> None:
        """Starts it with this password for the user ``sandbox``, and waits until it answers."""
        if "registry" in self.processes.running():
            return
        new = not (self.folder / "port.json").exists()
        for attempt in range(_START_TRIES):
            try:
                self._start(password, new=new)
                return
            except ProcessError:
                self.processes.stop()
                if not new or attempt == _START_TRIES - 1:
                    raise

    def _start(self, password: str, *, new: bool) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if new:
            files.write(self.folder / "port.json", json.dumps(free_ports(1)[0]))
        elif not is_free(int(self.address.rpartition(":")[2])):
            raise ProcessError(
                f"{self.address}, where this sandbox's registry was before, is taken by another process; "
                "end that one, or start afresh: make down, make up"
            )
        configuration = {
            "version": "0.1",
            "log": {"level": "warn", "accesslog": {"disabled": True}},
            "storage": {"filesystem": {"rootdirectory": str(self.folder / "images")}, "delete": {"enabled": True}},
            "http": {"addr": self.address},
            "auth": self._logins(password),
        }
        (self.folder / "config.yml").write_text(yaml.safe_dump(configuration))
        self.processes.start("registry", [str(self._binary), "serve", str(self.folder / "config.yml")])
        self.processes.wait_until(self._asks_for_a_login, "registry")

    def _logins(self, password: str) -> dict[str, Any]:
        """The configuration's ``auth``."""
        hashed = bcrypt.hashpw(password.encode(), bcrypt.gensalt(rounds=6)).decode()
        (self.folder / "htpasswd").write_text(f"{USERNAME}:{hashed}\n")
        return {"htpasswd": {"realm": "sandbox", "path": str(self.folder / "htpasswd")}}

    def _asks_for_a_login(self) -> bool:
        try:
            return urllib3.request("GET", f"http://{self.address}/v2/", retries=False, timeout=5).status == 401
        except urllib3.exceptions.HTTPError:
            return False
