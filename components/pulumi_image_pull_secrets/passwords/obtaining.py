"""The passwords that commands print, for a stack's settings."""

import base64
import contextlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import pulumi
from pydantic import SecretStr

from ..api import Api, ForbiddenError, Object, path_of
from ..attachment import owner_in
from ..cluster import candidates, seen_in
from ..docker_config import SECRET_KEY, SECRET_TYPE, registry_key
from ..errors import PasswordCommandError, SettingsError
from ..selection import Selection, choose
from ..settings import PROJECT, RegistrySettings, Settings
from ..token_expiry import EXPIRES_ANNOTATION, as_text, expiry_in
from . import commands, lifetime
from .reuse import Reusable, Written, reusable


@dataclass(frozen=True)
class Obtained:
    """Settings that have all their passwords."""

    settings: Settings
    expires: str | None = None
    """When the first of them ends, in RFC 3339; None where nothing says so."""
    expiring: tuple[str, ...] = ()
    """The servers of those that end, where not all do."""


def obtain(settings: Settings, *, owner: str) -> Obtained:
    """Runs each ``passwordCommand``, unless the stack's Secrets hold a password of it that stays for now.

    Those with a lifetime are renewed together. Raises SettingsError with everything that went wrong, KubeconfigError,
    or ClusterUnreachableError; the cluster is asked only where a lifetime is given.
    """
    registries = dict(enumerate(settings.registries or ()))
    commanded = {index: registry for index, registry in registries.items() if registry.password_command}
    if not commanded:
        return Obtained(settings)
    ending = {index: registry for index, registry in commanded.items() if registry.password_lifetime is not None}
    kept = _kept(settings, list(ending.values()), owner) if ending else None
    passwords = {index: kept.passwords[registry_key(each.server)] for index, each in ending.items()} if kept else {}
    passwords |= _run({index: registry for index, registry in commanded.items() if index not in passwords})
    for index, password in passwords.items():
        registries[index] = registries[index].model_copy(update={"password": SecretStr(password)})
    expires = kept.expires if kept else _expires([registries[index] for index in ending])
    expiring = tuple(registry.server for registry in ending.values()) if len(ending) < len(registries) else ()
    return Obtained(settings.model_copy(update={"registries": list(registries.values())}), expires, expiring)


def _run(registries: Mapping[int, RegistrySettings]) -> dict[int, str]:
    passwords: dict[int, str] = {}
    failures: list[str] = []
    for index, registry in registries.items():
        try:
            passwords[index] = commands.run(registry.password_command or ())
        except PasswordCommandError as error:
            key = "passwordFrom" if registry.password_from else "passwordCommand"
            failures.append(f"{PROJECT}:registries[{index}].{key}: {error}")
    if failures:
        raise SettingsError(pulumi.get_stack(), failures)
    return passwords


def _expires(registries: Sequence[RegistrySettings]) -> str | None:
    """When the first of new passwords ends: after its lifetime, or earlier where it says so itself."""
    now = datetime.now(timezone.utc)
    ends = [now + _lifetime(registry) for registry in registries]
    passwords = (registry.password.get_secret_value() for registry in registries if registry.password)
    ends += [told.at for password in passwords if (told := expiry_in(password))]
    return as_text(min(ends)) if ends else None


def _kept(settings: Settings, registries: Sequence[RegistrySettings], owner: str) -> Reusable | None:
    with Api(context=settings.context, kubeconfig=settings.kubeconfig) as api:
        api.check()
        chosen = _chosen(api, settings)
        found = [
            _written(secret)
            for secret in _secrets(api, settings.secret_name, chosen)
            if owner_in(secret["metadata"]) == owner and secret["metadata"]["namespace"] in chosen
        ]
    # Anybody can annotate a Secret of their own in this owner's name. One that few of the namespaces have is either
    # that, as before a first up, or the beginning of an up that was killed.
    if 2 * len(found) <= len(chosen):
        return None
    return reusable(
        found,
        {registry_key(registry.server): registry.username for registry in registries},
        lifetime=min(map(_lifetime, registries)),
        now=datetime.now(timezone.utc),
    )


def _chosen(api: Api, settings: Settings) -> set[str]:
    """The namespaces that are the stack's business, as far as it may look at them."""
    entries = [entry.choice() for entry in settings.namespaces]
    selection = Selection.parse({"namespaces": entries, "exclude": [entry.exclusion() for entry in settings.exclude]})
    found: list[Object] = []
    with contextlib.suppress(ForbiddenError):
        found = candidates(api, selection)
    return {choice.name for choice in choose(selection, seen_in(found)).namespaces}


def _secrets(api: Api, name: str, chosen: Collection[str]) -> Iterator[Object]:
    selector = f"metadata.name={name},type={SECRET_TYPE}"
    try:
        yield from api.list(path_of("secrets"), field_selector=selector)
    except ForbiddenError:
        # Who may not look there has no say in what is there; where it is needed, the preflight tells.
        for namespace in sorted(chosen):
            with contextlib.suppress(ForbiddenError):
                yield from api.list(path_of("secrets", namespace), field_selector=selector)


def _written(secret: Object) -> Written:
    # Whatever else it holds: what is no text in base64 is nothing to keep.
    try:
        text = base64.b64decode((secret.get("data") or {}).get(SECRET_KEY) or "").decode()
    except ValueError:
        text = ""
    return Written(text, (secret["metadata"].get("annotations") or {}).get(EXPIRES_ANNOTATION))


def _lifetime(registry: RegistrySettings) -> timedelta:
    return lifetime.parse(registry.password_lifetime or "")
