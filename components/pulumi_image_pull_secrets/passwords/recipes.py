"""How the clouds' own commands print a password for their registries. Pure."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from ..names import shown

_ECR_HOST = re.compile(r"[0-9]+\.dkr[.-]ecr(-fips)?\.(?P<region>[a-z0-9-]+)\.[a-z0-9.-]+")
# With a domain name label a hash comes behind the name, which has no hyphen itself.
_ACR_HOST = re.compile(r"(?P<name>[a-z0-9]+)(-[a-z0-9]+)?\.azurecr\.[a-z.]+")
_GAR_HOST = re.compile(r"[a-z0-9-]+-docker\.pkg\.dev|([a-z]+\.)?gcr\.io")


@dataclass(frozen=True)
class Recipe:
    """All that an entry of ``registries`` needs besides its server."""

    username: str
    command: tuple[str, ...]
    lifetime: str
    """How long a password is good for, as ``passwordLifetime`` is written."""


def find(source: str, server: str) -> Recipe:
    """The recipe for ``server``. Raises ValueError, which says what is wrong with the server for this source."""
    host = server.strip().rpartition("://")[2].partition("/")[0].lower()
    return SOURCES[source](host)


def _ecr(host: str) -> Recipe:
    """https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html"""
    if host == "public.ecr.aws":
        return Recipe("AWS", ("aws", "ecr-public", "get-login-password", "--region", "us-east-1"), "12h")
    if found := _ECR_HOST.fullmatch(host):
        return Recipe("AWS", ("aws", "ecr", "get-login-password", "--region", found["region"]), "12h")
    raise ValueError(_needs(host, "123456789012.dkr.ecr.eu-west-1.amazonaws.com, or public.ecr.aws"))


def _gar(host: str) -> Recipe:
    """https://cloud.google.com/artifact-registry/docs/docker/authentication#token"""
    if not _GAR_HOST.fullmatch(host):
        raise ValueError(_needs(host, "europe-west3-docker.pkg.dev, or gcr.io"))
    return Recipe("oauth2accesstoken", ("gcloud", "auth", "print-access-token"), "1h")


def _acr(host: str) -> Recipe:
    """https://learn.microsoft.com/azure/container-registry/container-registry-authentication"""
    if not (found := _ACR_HOST.fullmatch(host)):
        raise ValueError(_needs(host, "acme.azurecr.io"))
    command = ("az", "acr", "login", "--name", found["name"], "--expose-token", "--query", "accessToken", "-o", "tsv")
    return Recipe("00000000-0000-0000-0000-000000000000", command, "3h")


def _needs(host: str, example: str) -> str:
    return f"needs a server such as {example}, and {shown(host)} is none; correct it, or give a passwordCommand"


SOURCES: dict[str, Callable[[str], Recipe]] = {"ecr": _ecr, "gar": _gar, "acr": _acr}
"""What ``passwordFrom`` may be."""
