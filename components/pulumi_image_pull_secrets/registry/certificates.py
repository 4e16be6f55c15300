"""The authorities whose certificates are trusted by whatever speaks HTTPS here, but to a cluster. It needs httpx."""

import os
import ssl
from pathlib import Path

import httpx

from ..errors import CertificateFileError
from ..names import shown


def trusted() -> ssl.SSLContext:
    """Those of ``SSL_CERT_FILE`` or ``SSL_CERT_DIR``, and else certifi's. Raises CertificateFileError."""
    file = os.environ.get("SSL_CERT_FILE", "")
    try:
        if file:
            # httpx before 0.28 passes one over that isn't there.
            Path(file).open("rb").close()
        return httpx.create_ssl_context()
    except OSError as error:
        raise unusable(file, error, "SSL_CERT_FILE: ") from None


def unusable(file: str, error: Exception, source: str = "") -> CertificateFileError:
    """What to raise for a file of certificates; ``source`` is what the message begins with."""
    why = "is not a file of certificates in PEM" if isinstance(error, ssl.SSLError) else "can't be read"
    return CertificateFileError(f"{source}{shown(file)} {why}")
