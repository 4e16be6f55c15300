"""Registry credentials as the ``.dockerconfigjson`` that a node reads. Pure: no Pulumi, no client.

Written as kubectl writes it (``k8s.io/kubectl/pkg/cmd/create/create_secret_docker.go``), keyed as the kubelet looks
it up (``k8s.io/kubernetes/pkg/credentialprovider/keyring.go``).
"""

import base64
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from .errors import DockerConfigError, RegistryAddressError
from .key_pattern import is_ipv6
from .keyring import Credential as Credential
from .keyring import lookup as lookup

SECRET_TYPE = "kubernetes.io/dockerconfigjson"
"""The ``type`` of a Secret that holds a Docker configuration."""
SECRET_KEY = ".dockerconfigjson"
"""The key in its ``data``."""
MAX_SECRET_BYTES = 1024 * 1024
"""Bytes that a Secret's data may have (``MaxSecretSize`` in ``k8s.io/kubernetes/pkg/apis/core/types.go``)."""
DOCKER_HUB_KEY = "https://index.docker.io/v1/"
"""Docker Hub's key, whatever its users call it."""

_DOCKER_HUB_HOSTS = {
    "",
    "docker.io",
    "index.docker.io",
    "hub.docker.com",
    "registry-1.docker.io",
    "registry.hub.docker.com",
}
_HOST = re.compile(r"[a-z0-9*]([-a-z0-9*]*[a-z0-9*])?(\.[a-z0-9*]([-a-z0-9*]*[a-z0-9*])?)*")
_IPV6 = re.compile(r"\[[0-9a-f:]+\]")
"""As an image's name may have it: without dots, and without a zone."""
_PATH = re.compile(r"(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*")
_MAX_ADDRESS = 1000
"""A host has at most 253 characters and the path of an image's name 255; this leaves room for what is typed around."""
_LOGIN_FIELDS = ("username", "password", "email", "auth")
_LONE_SURROGATE = "holds a lone surrogate, which is no character and has no UTF-8 form"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_GO_ESCAPES = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}


@dataclass(frozen=True)
class Registry:
    """One registry and the login for it."""

    server: str
    """The address as somebody typed it."""
    username: str
    password: str = field(repr=False)
    email: str | None = None


def registry_key(server: str) -> str:
    """The key in ``auths`` under which the kubelet finds a credential for images of ``server``.

    ``server`` is what people type: ``ghcr.io``, ``https://ghcr.io/``, ``docker.io`` (or nothing) for Docker Hub,
    ``localhost:5000``, ``[::1]:5000``, ``quay.io/org`` for one organization's images, ``*.azurecr.io`` for a
    wildcard in the host. Raises RegistryAddressError, which says what to type instead.
    """
    if "@" in server:
        # Not shown: what stands before the "@" is a user name, and often a password.
        raise RegistryAddressError(
            "the address holds an '@'; a user name belongs in username and password, a digest is part of an image"
        )
    if len(server) > _MAX_ADDRESS:
        raise RegistryAddressError(
            f"{_shown(server)} has {len(server)} characters, more than any image's name may have"
        )
    scheme, separator, address = server.strip().rpartition("://")
    if separator and scheme.lower() not in ("http", "https"):
        raise RegistryAddressError(f"{_shown(server)} starts with a scheme that registries don't have; leave it out")
    host_and_port, slash, rest = address.partition("/")
    host_and_port = host_and_port.lower()
    path = re.sub(r"^(/v[12])+(?=/|$)", "", (slash + rest).rstrip("/"))
    if host_and_port in _DOCKER_HUB_HOSTS:
        if not host_and_port and (separator or slash):
            raise RegistryAddressError(f"{_shown(server)} has no host; Docker Hub is docker.io, or nothing at all")
        if not _PATH.fullmatch(path):
            raise _bad_path(server)
        return f"docker.io{path}" if path else DOCKER_HUB_KEY
    host, port = _split_port(host_and_port)
    is_host = _HOST.fullmatch(host) or (_IPV6.fullmatch(host) and is_ipv6(host[1:-1]))
    if not is_host or (port is not None and not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536)):
        raise RegistryAddressError(
            f"{_shown(server)} is not a registry's address: a host, an optional port from 1 to 65535, an optional "
            "path, such as ghcr.io, localhost:5000 or quay.io/org"
        )
    if port is None and host.startswith("["):
        # The kubelet would take the brackets for a character class of its wildcards.
        raise RegistryAddressError(f"{_shown(server)} has no port, and without one no node finds the login; add it")
    if port is None and "." not in host and host != "localhost":
        raise RegistryAddressError(
            f"{_shown(server)} has neither a dot nor a port, so an image that starts with it comes from Docker Hub; "
            "type the registry's full host name"
        )
    if not _PATH.fullmatch(path):
        raise _bad_path(server)
    return host_and_port + path


def login_problem(username: str, password: str) -> str | None:
    """Why a node cannot log in with these two, or None. Never holds the password."""
    if not username:
        return "the user name is empty"
    if ":" in username:
        return "the user name holds a ':', at which the kubelet would end it; a registry's user names have none"
    if not password:
        return "the password is empty"
    for part, what in ((username, "user name"), (password, "password")):
        if not _is_encodable(part):
            return f"the {what} {_LONE_SURROGATE}"
    # A password may: the JSON key of a service account is one.
    if _CONTROL.search(username):
        return "the user name holds a line break or another control character; leave it out"
    return None


def render(registries: Iterable[Registry]) -> str:
    """The ``.dockerconfigjson`` of these registries, byte for byte (in UTF-8) as kubectl writes it.

    Keys are the kubelet's (see registry_key), sorted, as Go sorts a map. Raises DockerConfigError where a login
    cannot work, two entries have the same key, or the text would be larger than a Secret may be.
    """
    auths: dict[str, dict[str, str]] = {}
    typed: dict[str, str] = {}
    for registry in registries:
        key = registry_key(registry.server)
        if key in auths:
            raise DockerConfigError(duplicate_message(typed[key], registry.server, key))
        if problem := login_problem(registry.username, registry.password):
            raise DockerConfigError(f"{key}: {problem}")
        typed[key] = registry.server
        entry = {"username": registry.username, "password": registry.password}
        if registry.email:
            if not _is_encodable(registry.email):
                raise DockerConfigError(f"{key}: the email {_LONE_SURROGATE}")
            entry["email"] = registry.email
        entry["auth"] = base64.b64encode(f"{registry.username}:{registry.password}".encode()).decode()
        auths[key] = entry
    if not auths:
        raise DockerConfigError("no registry is given")
    text = json.dumps({"auths": dict(sorted(auths.items()))}, ensure_ascii=False, separators=(",", ":"))
    text = text.translate(_GO_ESCAPES)
    _check_size(text)
    return text


def check(text: str) -> None:
    """Raises DockerConfigError where ``text`` is no ``.dockerconfigjson`` that a node can use.

    The kubelet fails the whole pull, also where another Secret would do, when one of a pod's Secrets doesn't parse
    or one ``auth`` in it doesn't decode. No message holds anything of the text but the registries' addresses.
    """
    if not _is_encodable(text):
        raise DockerConfigError(f"it {_LONE_SURROGATE}")
    _check_size(text)
    config, problem = _parse(text)
    if problem:
        raise DockerConfigError(problem)
    if not isinstance(config, dict):
        raise DockerConfigError('it is not a JSON object with "auths" in it')
    if problem := _spelling_problem(config, ("auths", "HttpHeaders")):
        raise DockerConfigError(f"it {problem}")
    for helper in ("credsStore", "credHelpers"):
        if config.get(helper):
            raise DockerConfigError(
                f'it has "{helper}": the passwords are in a program on the machine where it was written, which a node '
                "cannot ask; log in without a credential helper, or give the registries instead"
            )
    headers = {} if config.get("HttpHeaders") is None else config["HttpHeaders"]
    if not isinstance(headers, dict) or not all(value is None or isinstance(value, str) for value in headers.values()):
        raise DockerConfigError('it has "HttpHeaders" that are not an object of texts, which fails every pull with it')
    auths = config.get("auths")
    if not isinstance(auths, dict) or not auths:
        raise DockerConfigError('it has no "auths" with a registry in it, as docker login writes')
    for number, (server, entry) in enumerate(auths.items(), 1):
        if problem := _entry_problem(entry):
            where = _shown(server) if _is_address(server) else f"number {number}"
            raise DockerConfigError(f'the entry "auths" -> {where} {problem}')


def duplicate_message(first: str, second: str, key: str) -> str:
    """What to say of two addresses that become one key."""
    return f"{_shown(first)} and {_shown(second)} are the same registry ({key}); give it once"


def _parse(text: str) -> tuple[Any, str | None]:
    """The value of a JSON text, or why it has none.

    The parser's own errors hold the whole text, so none may become the context of one that is raised.
    """
    try:
        return json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_without_doubles), None
    except _DoubleKeyError:
        return None, "an object in it has the same key twice"
    except json.JSONDecodeError as error:
        return None, f"it is not JSON at line {error.lineno}, column {error.colno}"
    except ValueError:
        return None, "it is not JSON"
    except RecursionError:
        return None, "it is nested too deeply"


def _refuse_constant(name: str) -> None:
    # NaN and Infinity: Python reads them, Go doesn't.
    raise ValueError(name)


class _DoubleKeyError(ValueError):
    pass


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Python takes the last of two, Go reads both.
    value = dict(pairs)
    if len(value) < len(pairs):
        raise _DoubleKeyError
    return value


def _is_address(server: str) -> bool:
    try:
        registry_key(server)
    except RegistryAddressError:
        return False
    return True


def _entry_problem(entry: object) -> str | None:
    if not isinstance(entry, dict):
        return "is not an object"
    if problem := _spelling_problem(entry, _LOGIN_FIELDS):
        return problem
    login = {name: "" if entry.get(name) is None else entry[name] for name in _LOGIN_FIELDS}
    if not all(isinstance(value, str) for value in login.values()):
        return "has a username, password, email or auth that is not text"
    if login["auth"]:
        return _auth_problem(login["auth"])
    if not login["username"] or not login["password"]:
        return "has neither an auth nor a username with a password, so a node cannot log in with it"
    return None


def _spelling_problem(value: dict[str, Any], fields: tuple[str, ...]) -> str | None:
    # Go takes a key in any letters for the field.
    folded = {field.casefold(): field for field in fields}
    for key in value:
        field = folded.get(key.casefold(), key)
        if field != key:
            return f'has a key that differs from "{field}" only in upper and lower case; spell it "{field}"'
    return None


def _auth_problem(auth: str) -> str | None:
    # Go ignores line breaks in base64, and wants padding only where the text ends in "=".
    compact = re.sub(r"[\r\n]", "", auth)
    padded = compact if compact.rstrip().endswith("=") else compact + "=" * (-len(compact) % 4)
    # Python passes over padding beyond what the length asks for; Go doesn't.
    if len(padded) % 4 or not re.fullmatch(r"[A-Za-z0-9+/]+={0,2}", padded):
        return "has an auth that is not base64, which fails every pull with this Secret"
    username, colon, password = base64.b64decode(padded).partition(b":")
    if not colon:
        return "has an auth that is not base64 of 'username:password'"
    if not username or not password:
        return (
            "has an auth without a user name or without a password, so a node cannot log in with it; take the entry out"
        )
    return None


def _split_port(host_and_port: str) -> tuple[str, str | None]:
    end_of_ipv6 = host_and_port.find("]") + 1
    host, colon, port = host_and_port[end_of_ipv6:].partition(":")
    return host_and_port[:end_of_ipv6] + host, port if colon else None


def _bad_path(server: str) -> RegistryAddressError:
    return RegistryAddressError(
        f"{_shown(server)} has a path that no image's name can start with; give the registry, or registry and "
        "organization, without tag or digest"
    )


def _check_size(text: str) -> None:
    size = len(text.encode())
    if size > MAX_SECRET_BYTES:
        raise DockerConfigError(f"it has {size} bytes; a Secret may have at most {MAX_SECRET_BYTES} (1 MiB)")


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(text: str) -> str:
    return ascii(text if len(text) <= 100 else text[:99] + "…")
