"""Where a node asks for an image or a login. Pure.

The rule is containerd's (``core/remotes/docker/config/hosts.go``, ``ConfigureHosts``) on a node that configures no
registries: by HTTPS, and a registry on the node itself by HTTP too, where it has a port of its own. Mirrors and
certificates that are configured on nodes aren't known here.
"""

import re
from ipaddress import ip_address

from .. import image_reference, key_pattern
from ..image_reference import ImageReference
from ..names import shown

HUB = "docker.io"
HUB_HOST = "registry-1.docker.io"
"""Where Docker Hub's images are, whose names start with ``docker.io``."""

_PLAIN_HOST = re.compile(r"[A-Za-z0-9._:-]{1,253}|\[[0-9A-Fa-f:]{2,45}\](:[0-9]{1,5})?")


def origins(registry: str) -> tuple[str, ...]:
    """Where to try, the first that answers counts: ``https://ghcr.io`` for ``ghcr.io``.

    ``registry`` is a host and an optional port, as an image's name has it. Where both are possible, HTTP comes first,
    other than in containerd: what speaks it may wait for long for the end of what TLS begins with, while what speaks
    TLS knows at once.
    """
    host = HUB_HOST if registry == HUB else registry
    port = re.sub(r"^(\[.*\]|[^:]*):?", "", host)
    if not is_loopback(host) or port in ("", "443"):
        return (f"https://{host}",)
    return (f"http://{host}",) if port == "80" else (f"http://{host}", f"https://{host}")


def is_loopback(host: str) -> bool:
    """Whether a host, with or without a port, is this machine by its name."""
    name = re.sub(r":[0-9]*$", "", host) if host.startswith("[") or host.count(":") == 1 else host
    name = name.removeprefix("[").removesuffix("]").lower()
    try:
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False


def manifest_path(reference: ImageReference) -> str:
    """The path of an image's manifest; a digest counts more than a tag."""
    return f"/v2/{reference.repository}/manifests/{reference.digest or reference.tag}"


def registry_of(key: str) -> str | None:
    """The registry that a key of a Docker configuration is for.

    None where it serves no image, or those of many registries.
    """
    image = key_pattern.example(key)
    reference = image_reference.parse(image) if image and "*" not in key.split("://")[-1].partition("/")[0] else None
    return reference.registry if reference else None


def host_text(host: str) -> str:
    """A host as a message can hold it, whoever chose it."""
    return host if _PLAIN_HOST.fullmatch(host) else shown(host)
