"""Asking registries what a node would ask them: whether an image can be pulled, whether a login is taken.

It needs httpx, which is no dependency of the component: ``pip install 'pulumi-image-pull-secrets[verify]'``. Nothing
is written anywhere, and no image is pulled. What a registry answers here needn't be what it answers a node: that may
be in another network, and have mirrors, proxies and certificates of its own.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from ..errors import MissingPackageError
from ..keyring import Credential
from .answers import Answer, LoginAnswer, LoginResult, Question, Result

TIMEOUT = 10.0
"""Seconds that a registry has for an image, or for a login."""

__all__ = ["TIMEOUT", "Answer", "LoginAnswer", "LoginResult", "Question", "Result", "ask_all", "log_in_all"]


def ask_all(
    questions: Iterable[Question], *, timeout: float = TIMEOUT, ca_file: str | None = None
) -> Mapping[Question, Answer]:
    """What a node would be answered, each question once, several at a time.

    ``timeout`` is in seconds, for each image; a registry that isn't reached in it isn't asked again. ``ca_file`` has
    the certificates, as PEM, of authorities that are trusted besides the system's. Nothing that registries do raises
    an error. Raises MissingPackageError where httpx isn't installed, and CertificateFileError where ``ca_file``, or
    what ``SSL_CERT_FILE`` names, can't be used.
    """
    with _httpx_needed():
        from . import asking
    return asking.ask_all(questions, timeout=timeout, ca_file=ca_file)


def log_in_all(
    credentials: Iterable[Credential], *, timeout: float = TIMEOUT, ca_file: str | None = None
) -> Mapping[Credential, LoginAnswer]:
    """Whether registries take these logins, which no image is asked for with. All else is as in ask_all."""
    with _httpx_needed():
        from . import asking
    return asking.log_in_all(credentials, timeout=timeout, ca_file=ca_file)


@contextmanager
def _httpx_needed() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name != "httpx":
            raise
        raise MissingPackageError("asking a registry", "httpx", "verify") from None
