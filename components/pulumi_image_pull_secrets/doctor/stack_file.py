"""What a stack file lists, for a diagnosis: nothing in it is decrypted, and no password is needed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import keyring, settings, yaml_text
from ..docker_config import registry_key
from ..errors import SettingsError
from .observation import StackCoverage

_PREFIX = f"{settings.PROJECT}:"
_NAME = re.compile(r"Pulumi\.(.+)\.ya?ml")
# Stands for what is encrypted, and passes every check: a host, a user name, a password, a Secret's name.
_ENCRYPTED = "encrypted.example"
_IN_PLACE = {
    "context": _ENCRYPTED,
    "secretName": _ENCRYPTED,
    "registries": [{"server": _ENCRYPTED, "username": _ENCRYPTED, "password": _ENCRYPTED}],
    "dockerConfigJson": f'{{"auths": {{"{_ENCRYPTED}": {{"username": "user", "password": "password"}}}}}}',
}
"""What a key has instead of a value that is encrypted as a whole; any other key is left out then."""
_NOT_NEEDED = ("retiredSecretNames", "exclude")
"""Lists whose encrypted entries are left out: what stands for one isn't another one, nor a namespace's name."""
_PASSWORD_KEYS = {"password", "passwordEnv", "passwordCommand", "passwordFrom", "passwordLifetime"}


@dataclass(frozen=True)
class StackFile:
    """What a diagnosis takes from a stack file."""

    coverage: StackCoverage
    context: str | None
    """The kubeconfig context of the stack's cluster; None where it is encrypted."""
    kubeconfig: str | None = None
    """A path or a whole kubeconfig; None where the file has none, or it is encrypted."""


def read(path: Path) -> StackFile:
    """What is in the file at ``path``. Raises SettingsError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a text in UTF-8"
        raise SettingsError(_stack(path.name), [f"{path} can't be read: {reason}"]) from None
    return parse(text, path.name)


def parse(text: str, file: str) -> StackFile:
    """What is in a stack file of this name. Raises SettingsError, with everything that is wrong in it."""
    stack = _stack(file)
    content, problem = yaml_text.load(text)
    if problem:
        raise SettingsError(stack, [f"{file} {problem}"])
    config = content.get("config") if isinstance(content, dict) else None
    values = {
        key.removeprefix(_PREFIX): value
        for key, value in (config if isinstance(config, dict) else {}).items()
        if isinstance(key, str) and key.startswith(_PREFIX)
    }
    if not values:
        raise SettingsError(stack, [f'{file} is no stack file of this program: no key of its "config" is {_PREFIX}…'])
    if _holds_encrypted(values.get("namespaces")):
        raise SettingsError(stack, [f"{_PREFIX}namespaces: something in it is encrypted, so what it lists isn't known"])
    values = {key: _opened(key, value) for key, value in values.items() if key in _IN_PLACE or not _is_encrypted(value)}
    found = settings.parse(values, stack=stack, environ=_passwords(values.get("registries")))
    accounts: dict[str, frozenset[str]] = {}
    for entry in found.namespaces:
        name = entry.name or "*"
        accounts[name] = accounts.get(name, frozenset()) | frozenset(entry.service_accounts)
    exclude = frozenset(entry.name for entry in found.exclude if entry.name is not None)
    context = None if found.context == _ENCRYPTED else found.context
    return StackFile(StackCoverage(file, accounts, _keys(found), exclude), context, found.kubeconfig)


def _stack(file: str) -> str:
    match = _NAME.fullmatch(file)
    return match[1] if match else file


def _is_encrypted(value: object) -> bool:
    return isinstance(value, dict) and set(value) == {"secure"}


def _holds_encrypted(value: object) -> bool:
    if isinstance(value, (dict, list)):
        parts = value.values() if isinstance(value, dict) else value
        return _is_encrypted(value) or any(map(_holds_encrypted, parts))
    return False


def _opened(key: str, value: object) -> Any:
    """The value, with something in place of what is encrypted in it."""
    is_unknown = _is_encrypted(value)
    if key == "registries" and isinstance(value, list):
        # Of one registry that nobody knows, all are as good as unknown.
        is_unknown = any(_is_encrypted(entry) or _is_encrypted(_server(entry)) for entry in value)
        value = [_with_a_password(entry) for entry in value]
    if key in _NOT_NEEDED and isinstance(value, list):
        value = [entry for entry in value if not _holds_encrypted(entry)]
    return _IN_PLACE[key] if is_unknown else _filled_in(value)


def _with_a_password(entry: Any) -> Any:
    """A registry whose password comes from nowhere else, where how it comes is encrypted."""
    if not isinstance(entry, dict) or not any(_holds_encrypted(entry.get(key)) for key in _PASSWORD_KEYS):
        return entry
    others = {key: value for key, value in entry.items() if key not in _PASSWORD_KEYS}
    return {"username": _ENCRYPTED, **others, "password": _ENCRYPTED}


def _server(entry: object) -> object:
    return entry.get("server") if isinstance(entry, dict) else None


def _filled_in(value: Any) -> Any:
    if _is_encrypted(value):
        return _ENCRYPTED
    if isinstance(value, dict):
        return {key: _filled_in(item) for key, item in value.items()}
    return [_filled_in(item) for item in value] if isinstance(value, list) else value


def _passwords(registries: object) -> Mapping[str, str]:
    """The environment that a run of the stack would have, as far as passwords go."""
    entries = registries if isinstance(registries, list) else []
    variables = (entry.get("passwordEnv") for entry in entries if isinstance(entry, dict))
    return {variable: "password" for variable in variables if isinstance(variable, str)}


def _keys(found: settings.Settings) -> tuple[str, ...]:
    """The keys of its registries; none where any of them is encrypted."""
    keys = [registry_key(registry.server) for registry in found.registries or ()]
    if found.docker_config_json is not None:
        config = keyring.parse(keyring.Config(found.docker_config_json.get_secret_value()))
        keys += [credential.key for credential in config.credentials]
    return () if _ENCRYPTED in keys else tuple(keys)
