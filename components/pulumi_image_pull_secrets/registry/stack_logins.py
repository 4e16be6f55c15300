"""Whether the registries take a stack's logins, before anything is rolled out."""

from collections.abc import Iterator
from dataclasses import dataclass

from .. import docker_config, keyring
from ..keyring import Credential
from ..names import shown
from ..settings import PROJECT, RegistrySettings, Settings
from . import TIMEOUT, LoginResult, log_in_all


@dataclass(frozen=True)
class StackLogin:
    """One login of a stack."""

    place: str
    """Where it is, as its user wrote it: ``image-pull-secrets:registries[0]``."""
    credential: Credential
    fix: str
    """What to do where it is refused."""


@dataclass(frozen=True)
class Verified:
    """What the registries say to a stack's logins."""

    refusals: tuple[str, ...] = ()
    """A line for each that is refused."""
    warning: str = ""
    """Those of which nothing is known; empty where there are none."""


def verify(settings: Settings, *, timeout: float = TIMEOUT) -> Verified:
    """Asks the registries, where the stack has ``verify_registries``, and doesn't only take its entries off.

    ``timeout`` is in seconds, for each login. Raises MissingPackageError where httpx isn't installed.
    """
    if not settings.verify_registries or settings.detach:
        return Verified()
    logins = list(logins_of(settings))
    answers = log_in_all((login.credential for login in logins), timeout=timeout)
    refusals, unknown = [], []
    for login in logins:
        answer = answers[login.credential]
        if answer.result is LoginResult.REFUSED:
            refusals.append(f"{login.place}: {answer.reason}; {login.fix}")
        elif answer.result is not LoginResult.ACCEPTED:
            unknown.append(f"\n  {login.place}: {answer.reason}")
    warning = f"these logins could not be verified; a node may get another answer:{''.join(unknown)}"
    return Verified(tuple(refusals), warning if unknown else "")


def logins_of(settings: Settings) -> Iterator[StackLogin]:
    """The logins that the stack's Secrets will hold."""
    for index, registry in enumerate(settings.registries or ()):
        place = f"{PROJECT}:registries[{index}]"
        password = registry.password.get_secret_value() if registry.password else ""
        credential = Credential(docker_config.registry_key(registry.server), registry.username, password)
        yield StackLogin(place, credential, _fix(place, registry))
    if settings.docker_config_json is not None:
        config = keyring.parse(keyring.Config(settings.docker_config_json.get_secret_value()))
        for number, credential in enumerate(config.credentials, 1):
            # A key with an "@" may hold a password.
            entry = f"entry {number}" if "@" in credential.key else f"entry {shown(credential.key)}"
            fix = "set the text with the right login: pulumi config set --secret dockerConfigJson < config.json"
            yield StackLogin(f"{PROJECT}:dockerConfigJson, {entry}", credential, fix)


def _fix(place: str, registry: RegistrySettings) -> str:
    if registry.password_env is not None:
        return f"correct the username, or what the environment variable {shown(registry.password_env)} holds"
    if registry.password_command is not None:
        return "correct the username, or what its command prints; or have a revoked token renewed"
    return f"correct the username, or set the password with: pulumi config set --secret --path '{place}.password'"
