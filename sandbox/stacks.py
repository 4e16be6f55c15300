"""The checkout's stack files, as the sandbox reads them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pulumi_image_pull_secrets.patterns import is_pattern
from pulumi_image_pull_secrets.settings import NamespaceSettings
from pydantic import TypeAdapter, ValidationError

from .engine import CHECKOUT, PROJECT

_PASSWORD_KEYS = {"password", "passwordCommand", "passwordFrom", "passwordLifetime"}
_ENCRYPTION_KEYS = ("encryptionsalt", "secretsprovider", "encryptedkey")
_ENTRIES = TypeAdapter(list[NamespaceSettings])


class StackFileError(Exception):
    """A stack that there is no file for, or whose file can't be used."""


@dataclass(frozen=True)
class NamedNamespace:
    """A namespace that a stack file gives by its name."""

    name: str
    accounts: tuple[str, ...]
    """Those that it gives by their names as well."""
    create: bool
    """Whether the stack makes it."""


@dataclass(frozen=True)
class StackFile:
    """One ``Pulumi.<name>.yaml``."""

    name: str
    config: dict[str, Any]
    """Its configuration, without the project's prefix."""
    encryption: dict[str, Any]
    """What its encrypted values are to be decrypted with, besides the passphrase or key."""

    @property
    def path(self) -> Path:
        """The file itself."""
        return _path(self.name)

    @property
    def context(self) -> str:
        """The kubeconfig context that it names."""
        return str(self.config.get("context", ""))

    def with_made_up_passwords(self) -> "StackFile":
        """The same without encrypted values and commands' passwords, which are its owner's, and needed by no sandbox.

        No registry is asked whether it takes what is made up.
        """
        registries = [
            {
                "username": "sandbox",
                **{key: value for key, value in entry.items() if key not in _PASSWORD_KEYS},
                "passwordEnv": f"SANDBOX_PASSWORD_{index}",
            }
            if _PASSWORD_KEYS & entry.keys()
            else entry
            for index, entry in enumerate(self.config.get("registries", []))
        ]
        left_out = ("dockerConfigJson", "verifyRegistries")
        config = {key: value for key, value in self.config.items() if key not in left_out}
        return StackFile(self.name, {**config, "registries": registries}, {})

    @property
    def password_variables(self) -> list[str]:
        """The environment variables that its registries' passwords come from."""
        return [entry["passwordEnv"] for entry in self.config.get("registries", []) if "passwordEnv" in entry]

    @property
    def named_namespaces(self) -> list[NamedNamespace]:
        """Its namespaces without those that patterns choose, which a cluster alone tells."""
        try:
            entries = _ENTRIES.validate_python(self.config.get("namespaces"))
        except ValidationError:
            # The program says what is wrong with them.
            return []
        return [
            NamedNamespace(
                entry.name,
                tuple(account for account in entry.service_accounts if not is_pattern(account)),
                entry.create,
            )
            for entry in entries
            if entry.name is not None and not is_pattern(entry.name)
        ]


def names() -> list[str]:
    """The stacks that have a file."""
    return sorted(path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in CHECKOUT.glob("Pulumi.*.yaml"))


def read(name: str) -> StackFile:
    """One stack's file. Raises StackFileError."""
    path = _path(name)
    if name not in names():
        raise StackFileError(f'there is no stack "{name}" here; the stacks are: {", ".join(names())}')
    try:
        content = yaml.safe_load(path.read_text()) or {}
    except yaml.YAMLError as error:
        raise StackFileError(f"{path.name} is not YAML: {error}") from None
    prefix = f"{PROJECT}:"
    config = content.get("config") or {}
    encryption = {key: content[key] for key in _ENCRYPTION_KEYS if key in content}
    return StackFile(name, {key.removeprefix(prefix): value for key, value in config.items()}, encryption)


def _path(name: str) -> Path:
    return CHECKOUT / f"Pulumi.{name}.yaml"
