"""One context of a kubeconfig: which cluster, as whom, in which namespace.

Importing the official client takes longer than everything else that the plugin does before its first request, so it is
imported only for users whose credentials come from a command or an identity provider.
"""

import base64
import os
import ssl
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

Credentials = Callable[[], str]
"""Gives the value of the Authorization header, or an empty string."""

# libyaml's loader where PyYAML was built with it.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class UnreachableError(Exception):
    """The cluster can't be used; the official provider then goes on with previews."""


@dataclass(frozen=True)
class Access:
    """What one context says."""

    content: Mapping[str, Any]
    """The whole kubeconfig."""
    context: str
    cluster: Mapping[str, Any]
    user: Mapping[str, Any]
    namespace: str


def find(kubeconfig: str, context: str) -> Access:
    """The context, or the current one where ``context`` is empty. ``kubeconfig`` is a path or the text.

    Paths in it count from the working directory, as in the official provider, which parses the text alone
    (``util.go``, parseKubeconfigString).
    """
    content = _load(kubeconfig)
    name = context or content.get("current-context") or ""
    chosen = _entry(content, "context", name)
    if chosen is None:
        raise UnreachableError(f'context "{name}" does not exist')
    cluster = _entry(content, "cluster", chosen.get("cluster"))
    if not cluster or not cluster.get("server"):
        raise UnreachableError(f'context "{name}" names no cluster with a server')
    user = _entry(content, "user", chosen.get("user")) or {}
    return Access(content, name, cluster, user, chosen.get("namespace") or "")


def tls(access: Access) -> ssl.SSLContext:
    """How to speak to the cluster: its authority, and our certificate if the user has one."""
    cluster, user = access.cluster, access.user
    authority = _bytes(cluster, "certificate-authority")
    context = ssl.create_default_context(cadata=authority.decode() if authority else None)
    # Go doesn't ask of an authority all that OpenSSL's strict mode does.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if cluster.get("insecure-skip-tls-verify"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    certificate, key = _bytes(user, "client-certificate"), _bytes(user, "client-key")
    if certificate and key:
        with tempfile.NamedTemporaryFile(suffix=".pem") as file:
            file.write(certificate + b"\n" + key)
            file.flush()
            context.load_cert_chain(file.name)
    return context


def credentials(access: Access) -> Credentials:
    """Who we are, other than by certificate."""
    user = access.user
    if user.get("exec") or user.get("auth-provider"):
        return _official_credentials(access)
    if user.get("tokenFile"):
        return lambda: f"Bearer {Path(user['tokenFile']).read_text().strip()}"
    header = ""
    if user.get("token"):
        header = f"Bearer {user['token']}"
    elif user.get("username"):
        pair = f"{user['username']}:{user.get('password', '')}"
        header = f"Basic {base64.b64encode(pair.encode()).decode()}"
    return lambda: header


def _official_credentials(access: Access) -> Credentials:
    from kubernetes.client import Configuration
    from kubernetes.config import load_kube_config_from_dict

    configuration = Configuration()
    load: Any = load_kube_config_from_dict
    load(dict(access.content), access.context, configuration, persist_config=False)

    def current() -> str:
        # The client renews an expired token while it answers this.
        return str(configuration.auth_settings().get("BearerToken", {}).get("value") or "")

    return current


def _load(kubeconfig: str) -> Mapping[str, Any]:
    try:
        text = kubeconfig
        if not kubeconfig:
            text = _usual_file().read_text()
        elif "\n" not in kubeconfig and Path(kubeconfig).expanduser().exists():
            text = Path(kubeconfig).expanduser().read_text()
        content = yaml.load(text, _Loader)
    except (OSError, ValueError, yaml.YAMLError) as error:
        # No text of the error that quotes the file: there are credentials in it.
        raise UnreachableError(f"unable to read the kubeconfig ({type(error).__name__})") from None
    if not isinstance(content, dict):
        raise UnreachableError("what was given as kubeconfig is neither a file nor the text of one")
    return content


def _usual_file() -> Path:
    paths = [Path(part) for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    existing = [path for path in paths if path.exists()]
    return existing[0] if existing else Path.home() / ".kube" / "config"


def _entry(content: Mapping[str, Any], kind: str, name: Any) -> Mapping[str, Any] | None:
    for entry in content.get(f"{kind}s") or []:
        if isinstance(entry, dict) and entry.get("name") == name:
            return entry.get(kind) or {}
    return None


def _bytes(entry: Mapping[str, Any], key: str) -> bytes:
    """A file's content, given as such or by its path."""
    if data := entry.get(f"{key}-data"):
        return base64.b64decode(data)
    return Path(entry[key]).read_bytes() if entry.get(key) else b""
