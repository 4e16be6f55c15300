"""A small image in a registry, and a token server that the real registry trusts."""

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from sandbox.pki import Authority
from sandbox.registry import Registry
from tests.integration.registry.servers import Request, response

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def push(client: httpx.Client, repository: str, tag: str) -> str:
    """Puts an image of one empty layer there, and returns its digest. ``client`` has the address and the login."""
    config, layer = b"{}", secrets.token_bytes(32)
    manifest = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST,
        "config": _blob(client, repository, config, "application/vnd.oci.image.config.v1+json"),
        "layers": [_blob(client, repository, layer, "application/vnd.oci.image.layer.v1.tar")],
    }
    url, content = f"/v2/{repository}/manifests/{tag}", json.dumps(manifest).encode()
    client.put(url, content=content, headers={"Content-Type": _MANIFEST}).raise_for_status()
    return _digest(content)


def _blob(client: httpx.Client, repository: str, content: bytes, media_type: str) -> dict[str, Any]:
    started = client.post(f"/v2/{repository}/blobs/uploads/").raise_for_status()
    url = httpx.URL(started.headers["Location"]).copy_add_param("digest", _digest(content))
    client.put(url, content=content, headers={"Content-Type": "application/octet-stream"}).raise_for_status()
    return {"mediaType": media_type, "digest": _digest(content), "size": len(content)}


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


class TokenServer:
    """Gives tokens for its users' logins, as https://distribution.github.io/distribution/spec/auth/jwt/ has them."""

    issuer, service = "test", "test registry"

    def __init__(self, folder: Path) -> None:
        authority = Authority.create()
        self.root = folder / "tokens.pem"
        self.root.write_bytes(authority.pem())
        certificate, key = authority.write_server(folder)
        self._certificate = x509.load_pem_x509_certificate(certificate.read_bytes())
        loaded = serialization.load_pem_private_key(key.read_bytes(), None)
        assert isinstance(loaded, rsa.RSAPrivateKey)
        self._key = loaded
        self.logins: dict[str, str] = {}
        self.may_pull: dict[str, set[str]] = {}
        """User name (empty for nobody) to repositories."""

    def answer(self, request: Request) -> bytes:
        user = ""
        if request.authorization:
            user, _, password = base64.b64decode(request.authorization.removeprefix("Basic ")).decode().partition(":")
            if self.logins.get(user) != password:
                return response(401, b'{"details":"incorrect username or password"}')
        wanted = [scope.split(":")[1] for scope in request.query.get("scope", [])]
        granted = [name for name in wanted if name in self.may_pull.get(user, ())]
        return response(200, json.dumps({"token": self.token(granted, ["pull"])}).encode())

    def token(self, repositories: Iterable[str], actions: list[str]) -> str:
        leaf = base64.b64encode(self._certificate.public_bytes(serialization.Encoding.DER)).decode()
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": "test",
            "aud": self.service,
            "exp": now + 300,
            "nbf": now - 10,
            "iat": now,
            "jti": secrets.token_hex(8),
            "access": [{"type": "repository", "name": name, "actions": actions} for name in repositories],
        }
        text = f"{_part({'typ': 'JWT', 'alg': 'RS256', 'x5c': [leaf]})}.{_part(claims)}"
        signature = self._key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{text}.{_encoded(signature)}"


def _part(value: dict[str, Any]) -> str:
    return _encoded(json.dumps(value).encode())


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class TokenRegistry(Registry):
    """The real registry, which takes the tokens of one server."""

    def __init__(self, folder: Path, binary: Path, tokens: TokenServer, realm: str) -> None:
        super().__init__(folder, binary)
        self._tokens = tokens
        self._realm = realm

    def _logins(self, _password: str) -> dict[str, Any]:
        token = {"realm": self._realm, "service": self._tokens.service, "issuer": self._tokens.issuer}
        return {"token": {**token, "rootcertbundle": str(self._tokens.root)}}
