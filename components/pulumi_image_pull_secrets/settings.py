"""The stack's configuration, read once and checked whole.

Keys are camelCase in the stack file and snake_case here. All mistakes are told in one SettingsError, each with the
key as the user wrote it; no message holds the value of a secret.
"""

import json
import os
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import pulumi
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    StrictBool,
    StrictStr,
    StringConstraints,
    ValidationError,
)
from pydantic.alias_generators import to_camel

from .args import Exclusion, NamespaceChoice, RegistryArgs, SelectionArgs
from .errors import Problem, SettingsError, with_others
from .names import nearest
from .passwords import sources
from .spelling import in_camel_case
from .validation import DEFAULT_ACCOUNTS, find_problems

PROJECT = "image-pull-secrets"
"""The namespace of the configuration's keys: ``image-pull-secrets:context``."""


def _text(value: object) -> object:
    # pydantic's SecretStr would take a number or a boolean and turn it into text.
    if not isinstance(value, str):
        raise ValueError
    return value


_SecretText = Annotated[SecretStr, BeforeValidator(_text)]


class _Model(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
        validate_by_name=False,
        validate_by_alias=True,
    )


class RegistrySettings(_Model):
    """One entry of ``registries``."""

    server: StrictStr
    """The registry's address, such as ghcr.io; each registry once, in whichever spelling."""
    username: StrictStr
    """The user name, without a colon."""
    password: _SecretText | None = None
    """From ``pulumi config set --secret --path``; never written into the stack file by hand."""
    password_env: StrictStr | None = None
    """The environment variable that holds the password when the program runs, instead of ``password``."""
    password_command: list[StrictStr] | None = None
    """A program and its arguments, which prints the password, instead of ``password``; no shell reads it."""
    password_lifetime: StrictStr | None = None
    """How long a password of ``password_command`` is good for, such as 12h. It is renewed when half of that is over."""
    password_from: StrictStr | None = None
    """``ecr``, ``gar`` or ``acr``: command, lifetime and user name for that cloud's registry, instead of all three."""
    email: StrictStr | None = None
    """For the few registries that still want one."""


def _accounts(value: object) -> object:
    """``all`` as the glob that it is short for."""
    return ["*"] if value == "all" else value


class NamespaceSettings(_Model):
    """One entry of ``namespaces``: a name or a glob, or a label selector."""

    name: StrictStr | None = None
    """The name of one namespace, or a glob."""
    selector: StrictStr | None = None
    """A label selector, in Kubernetes's own syntax, instead of ``name``."""
    service_accounts: Annotated[list[StrictStr], BeforeValidator(_accounts)] = list(DEFAULT_ACCOUNTS)
    """Names and globs; ``all`` is every account."""
    create: StrictBool = False
    """Whether the namespace and the listed accounts are made; otherwise both must be there."""
    confirm_all: StrictBool = False
    """Whether a pattern that every namespace matches is meant so."""
    allow_empty: StrictBool = False
    """Whether a pattern may match nothing."""

    def choice(self) -> NamespaceChoice:
        """The same in Python's names, without what was left out."""
        choice = NamespaceChoice(service_accounts=self.service_accounts, create=self.create)
        if self.selector is not None:
            choice["selector"] = self.selector
        elif self.name is not None:
            choice["name"] = self.name
        if self.allow_empty:
            choice["allow_empty"] = True
        if self.confirm_all:
            choice["confirm_all"] = True
        return choice


class ExclusionSettings(_Model):
    """One entry of ``exclude``: a name or a glob, or a label selector."""

    name: StrictStr | None = None
    """A name, or a glob."""
    selector: StrictStr | None = None
    """A label selector instead of ``name``."""

    def exclusion(self) -> Exclusion:
        """The same in Python's names, without what was left out."""
        return Exclusion(name=self.name) if self.name is not None else Exclusion(selector=self.selector or "")


class Settings(_Model):
    """A stack's configuration, as far as it is right."""

    context: Annotated[StrictStr, StringConstraints(min_length=1)]
    """The kubeconfig context of the only cluster that this stack may touch."""
    kubeconfig: StrictStr | None = Field(default=None, repr=False)
    """A kubeconfig's path or text; ``KUBECONFIG`` or the usual file where left out."""
    secret_name: StrictStr
    """The name of the Secret, the same in every namespace."""
    namespaces: list[NamespaceSettings]
    """Where the Secret goes, and to which accounts; each entry adds."""
    exclude: list[ExclusionSettings] = []
    """Namespaces that are left out, whatever else chooses them."""
    coverage: StrictStr = "up"
    """What gives accounts that are made later the name: the next ``up``, or ``admission`` at their creation."""
    registries: list[RegistrySettings] | None = None
    """The logins, all in one Secret. Either these or ``docker_config_json``."""
    docker_config_json: _SecretText | None = None
    """The whole text of a ``.dockerconfigjson`` instead of ``registries``."""
    retired_secret_names: list[StrictStr] = []
    """Earlier names of the Secret, kept with current content and attached to no account."""
    adopt: StrictBool = False
    """Whether Secrets of these names that somebody else made are taken over."""
    detach: StrictBool = False
    """Whether exactly our entries are taken off every account, as before a destroy."""
    verify_registries: StrictBool = False
    """Whether the program asks the registries, before anything is registered, if they take the logins."""

    def args(self, *, expires: str | None = None, expiring: Sequence[str] = ()) -> SelectionArgs:
        """What the preflight makes the component's arguments of; every password a secret Output.

        ``expires`` is when the first of the passwords ends, in RFC 3339, and ``expiring`` the servers that this is for,
        where it isn't for all.
        """
        args = SelectionArgs(
            secret_name=self.secret_name,
            namespaces=[entry.choice() for entry in self.namespaces],
            exclude=[entry.exclusion() for entry in self.exclude],
            coverage=self.coverage,
            retired_secret_names=self.retired_secret_names,
            adopt=self.adopt,
            detach=self.detach,
        )
        if self.docker_config_json is not None:
            args["docker_config_json"] = pulumi.Output.secret(self.docker_config_json.get_secret_value())
        if expires is not None:
            args["expires"] = expires
        if expiring:
            args["expiring"] = list(expiring)
        if self.registries is not None:
            args["registries"] = [_registry_args(registry) for registry in self.registries]
        return args


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    """The running program's Settings, from its stack's configuration.

    Passwords come from Pulumi's encrypted configuration or, where an entry names a ``passwordEnv``, from ``environ``;
    those of a ``passwordCommand`` are still missing.
    Raises SettingsError with all mistakes.
    """
    prefix = f"{PROJECT}:"
    raw = {key.removeprefix(prefix): value for key, value in _program_configuration().items() if key.startswith(prefix)}
    return parse(raw, stack=pulumi.get_stack(), environ=environ)


def parse(raw: Mapping[str, str], *, stack: str, environ: Mapping[str, str] = os.environ) -> Settings:
    """Settings from the texts that Pulumi has under the project's keys: plain text, or JSON for lists and objects."""
    values = {key: _decoded(key, value) for key, value in raw.items()}
    problems = list(sources.fill_in(values.get("registries"), dict(environ), PROJECT))
    settings: Settings | None = None
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        problems += [_shape_problem(dict(details)) for details in error.errors(include_input=False, include_url=False)]
    found = find_problems(_in_python_names(values), has_patterns=True)
    problems = with_others(problems, map(in_camel_case, found))
    if problems or settings is None:
        problems.sort(key=lambda problem: problem.position)
        raise SettingsError(stack, [f"{PROJECT}:{problem}" for problem in problems]) from None
    return settings


def _program_configuration() -> dict[str, Any]:
    # pulumi.Config answers only for keys whose names one knows, and a mistyped key is one that nobody knows. The
    # language host keeps all of them in the environment, the Automation API in this context variable.
    return {**pulumi.runtime.get_config_env(), **pulumi.runtime.config.CONFIG.get()}


_ENTRIES: dict[str | int, type[_Model]] = {
    "registries": RegistrySettings,
    "namespaces": NamespaceSettings,
    "exclude": ExclusionSettings,
}
_MODELS: tuple[type[_Model], ...] = (Settings, *_ENTRIES.values())
_PYTHON_NAMES = {to_camel(name): name for model in _MODELS for name in model.model_fields}
_TEXT_KEYS = {to_camel(name) for name in ("context", "kubeconfig", "secret_name", "docker_config_json")}


def _decoded(key: str, value: Any) -> Any:
    """The value as YAML meant it: Pulumi hands over lists, objects, numbers and booleans as JSON text."""
    if key in _TEXT_KEYS or not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _shape_problem(details: Mapping[str, Any]) -> Problem:
    path: tuple[str | int, ...] = details["loc"]
    kind: str = details["type"]
    if kind == "extra_forbidden":
        known = _fields_at(path[:-1])
        meant = nearest(str(path[-1]), known)
        hint = f'did you mean "{meant}"?' if meant else f"known keys: {', '.join(known)}"
        return Problem(path, f"unknown key; {hint}")
    if kind == "missing":
        return Problem(path, "missing; this key is required")
    expected = {
        "string_type": "must be text (quote it if it looks like a number or a boolean)",
        "string_unicode": "holds a lone surrogate, which is no character",
        "value_error": "must be text (quote it if it looks like a number or a boolean)",
        "string_too_short": "is empty",
        "bool_type": "must be true or false",
        "list_type": "must be a list",
        "model_type": "must be an object with the keys " + ", ".join(_fields_at(path)),
    }
    return Problem(path, expected.get(kind, str(details["msg"])))


def _fields_at(path: tuple[str | int, ...]) -> list[str]:
    """The keys, as the stack file spells them, that an object at ``path`` may have."""
    model: type[_Model] = _ENTRIES.get(path[0], Settings) if path else Settings
    return [to_camel(name) for name in model.model_fields]


def _in_python_names(value: Any, levels: int = 3) -> Any:
    """The configuration, its lists and the entries in them, without the unknown keys."""
    if not levels:
        return value
    if isinstance(value, dict):
        return {
            _PYTHON_NAMES[key]: _in_python_names(
                _accounts(item) if _PYTHON_NAMES[key] == "service_accounts" else item, levels - 1
            )
            for key, item in value.items()
            if key in _PYTHON_NAMES
        }
    return [_in_python_names(item, levels - 1) for item in value] if isinstance(value, list) else value


def _registry_args(registry: RegistrySettings) -> RegistryArgs:
    password = registry.password.get_secret_value() if registry.password else ""
    args = RegistryArgs(server=registry.server, username=registry.username, password=pulumi.Output.secret(password))
    if registry.email is not None:
        args["email"] = registry.email
    return args
