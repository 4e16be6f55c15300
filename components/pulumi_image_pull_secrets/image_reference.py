"""The names of images, as a kubelet reads them: ``nginx`` is ``docker.io/library/nginx:latest``. Pure.

The grammar is ``github.com/distribution/reference``'s; a kubelet reads an ``image:`` with it before anything else
(``k8s.io/kubernetes/pkg/util/parsers``), and what it doesn't take is an ``InvalidImageName``.
"""

import re
from dataclasses import dataclass

_HUB = "docker.io"
_HUBS_OLD_NAME = "index.docker.io"
_LONGEST_PATH = 255
_DOMAIN_PART = "[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_DOMAIN = rf"(?:{_DOMAIN_PART}(?:\.{_DOMAIN_PART})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
_PATH_PART = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_NAME = rf"(?:(?P<domain>{_DOMAIN})/)?(?P<path>{_PATH_PART}(?:/{_PATH_PART})*)"
_TAG = "[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}"
_DIGEST = "sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128}"
_REFERENCE = re.compile(rf"(?P<name>{_NAME})(?::(?P<tag>{_TAG}))?(?:@(?P<digest>{_DIGEST}))?")
_ID = re.compile("[a-f0-9]{64}")


@dataclass(frozen=True)
class ImageReference:
    """Where an image comes from, written out."""

    name: str
    """Registry and repository, such as ``docker.io/library/nginx``: what credentials are looked up by."""
    tag: str = ""
    """``latest`` where the image has neither tag nor digest; empty where it has a digest alone."""
    digest: str = ""

    @property
    def registry(self) -> str:
        """The host, and the port where there is one."""
        return self.name.partition("/")[0]

    @property
    def repository(self) -> str:
        """What follows the registry."""
        return self.name.partition("/")[2]


def parse(image: str) -> ImageReference | None:
    """What ``image`` refers to; None where a kubelet says InvalidImageName (see problem)."""
    match = _REFERENCE.fullmatch(_in_full(image))
    if _ID.fullmatch(image) or match is None or len(match["path"]) > _LONGEST_PATH:
        return None
    tag, digest = match["tag"] or "", match["digest"] or ""
    return ImageReference(match["name"], tag if tag or digest else "latest", digest)


def problem(image: str) -> str | None:
    """Why a kubelet doesn't take ``image`` for a reference, or None."""
    if parse(image):
        return None
    if not image:
        return "it is empty"
    if "://" in image:
        return "it starts with a scheme, which no image has"
    if _ID.fullmatch(image):
        return "64 hexadecimal digits are an image's ID, which nothing can be pulled by"
    if image != image.strip():
        return "there is white space around it"
    name, at, _ = image.partition("@")
    if parse(name):
        return "what follows the '@' is no digest, such as sha256: and 64 digits from 0 to f" if at else None
    if parse(name.lower()):
        return "the repository holds capital letters, which no registry takes"
    if _REFERENCE.fullmatch(_in_full(name.lower())):
        return f"the repository has more than {_LONGEST_PATH} characters"
    return "it is not a registry's host and port, a repository of small letters and digits, a tag and a digest"


def _in_full(image: str) -> str:
    """With the registry, which is Docker Hub where the first part can't be a host, and there with an organization."""
    first, slash, rest = image.partition("/")
    if not slash or not (first == "localhost" or "." in first or ":" in first or first != first.lower()):
        first, rest = _HUB, image
    if first == _HUBS_OLD_NAME:
        first = _HUB
    return f"{first}/library/{rest}" if first == _HUB and "/" not in rest else f"{first}/{rest}"
