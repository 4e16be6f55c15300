"""Hosts with names of their own, all of them on loopback, with certificates of an authority of their own."""

import secrets
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pulumi_image_pull_secrets.keyring import Credential

from sandbox.pki import Authority
from tests.integration.registry.servers import Answer, Server, serving

_LOOK_UP = socket.getaddrinfo


@dataclass(frozen=True)
class Certificates:
    """For any host, of one authority."""

    folder: Path
    authority: Authority

    @property
    def ca_file(self) -> str:
        path = self.folder / "ca.pem"
        path.write_bytes(self.authority.pem())
        return str(path)

    def context(self, host: str, *, expired: bool = False) -> ssl.SSLContext:
        folder = self.folder / secrets.token_hex(4)
        folder.mkdir()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.authority.write_server(folder, host=host, expired=expired))
        return context


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"), Authority.create())


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each name that ends in .example is this machine, and no other name is known; no proxy is set."""

    def look_up(host: Any, *arguments: Any, **options: Any) -> Any:
        text = host.decode() if isinstance(host, bytes) else host
        if text.endswith(".example"):
            return _LOOK_UP("127.0.0.1", *arguments, **options)
        if text != "localhost" and not text[-1:].isdigit():
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return _LOOK_UP(host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    for variable in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(variable.lower(), raising=False)


@pytest.fixture
def near() -> Iterator[Callable[[Answer], Server]]:
    """Starts a server of this machine, by plain HTTP."""
    with ExitStack() as stack:
        yield lambda answer: stack.enter_context(serving(answer))


@pytest.fixture
def far(certificates: Certificates) -> Iterator[Callable[[str, Answer], Server]]:
    """Starts the server of a host, by HTTPS."""
    with ExitStack() as stack:
        yield lambda host, answer: stack.enter_context(serving(answer, certificates.context(host)))


def login() -> Credential:
    return Credential("any", "bot", secrets.token_urlsafe(16))
