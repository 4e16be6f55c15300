"""When a login's password ends, where that can be told. Pure."""

import re

from ..keyring import Credential
from ..token_expiry import ECR_LIFETIME, EXPIRES_ANNOTATION, EXPIRING_ANNOTATION, Expiry, expiry_in, parse_time
from .observation import SecretSeen

_ECR_HOST = re.compile(r"[0-9*]+\.dkr[.-]ecr(-fips)?\.[^/]+")


def expiry_of(secret: SecretSeen, credential: Credential) -> Expiry | None:
    """When this login of a Secret ends, or None where nothing says so.

    What the token says itself counts before the Secret's annotation, and that before ECR's twelve hours.
    """
    if told := expiry_in(credential.password):
        return told
    written = secret.changed or secret.created
    expiring = secret.annotations.get(EXPIRING_ANNOTATION)
    is_told = expiring is None or credential.key in expiring.split(",")
    if is_told and (at := parse_time(secret.annotations.get(EXPIRES_ANNOTATION))):
        return Expiry(at, at - written if written < at else None)
    host = (credential.pattern or "").partition("/")[0]
    if credential.username == "AWS" and _ECR_HOST.fullmatch(host):
        return Expiry(written + ECR_LIFETIME, ECR_LIFETIME)
    return None
