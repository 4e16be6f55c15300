"""What each policy asks, of plain values alone: no SDK, no engine. Each rule yields what is wrong, in words.

Nothing here yields a password, or any part of one.
"""

import base64
import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from fnmatch import fnmatchcase
from typing import Any

import yaml

_SECRET_KEYS = ("password", "dockerconfigjson")
_OF_A_PROJECT = ("value", "default")
"""Where Pulumi.yaml has what is a stack file's value itself."""


def plain_passwords(stack_file: str) -> Iterator[str]:
    """The keys of a ``Pulumi.<stack>.yaml`` or ``Pulumi.yaml`` whose value is a password in plain text.

    An encrypted value is a mapping with ``secure``; a kubeconfig that is given as text counts as a password.
    Raises ValueError where the text is no YAML.
    https://www.pulumi.com/docs/iac/concepts/config/
    """
    try:
        content = yaml.safe_load(stack_file)
    except yaml.YAMLError:
        raise ValueError("not YAML") from None
    config = content.get("config") if isinstance(content, Mapping) else None
    for key, value in config.items() if isinstance(config, Mapping) else ():
        yield from _plain(str(key), str(key), value)


def credentials(data: Any) -> list[tuple[str, str]]:
    """Host and user name of each entry in a pull Secret's ``data``. Raises ValueError where it can't be read.

    https://kubernetes.io/docs/concepts/configuration/secret/#docker-config-secrets
    """
    try:
        auths = json.loads(base64.b64decode(data[".dockerconfigjson"]))["auths"]
        return [(_host(key), _username(entry)) for key, entry in auths.items()]
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ValueError("its content is no .dockerconfigjson that can be read") from None


def unlisted_registries(hosts: Sequence[str], allowed: Sequence[str]) -> Iterator[str]:
    """The hosts that no pattern of ``allowed`` matches; ``*`` stands for any characters."""
    for host in dict.fromkeys(hosts):
        if not any(fnmatchcase(host, pattern) for pattern in allowed):
            yield f"{host} is not among the allowed registries: {', '.join(allowed)}"


def detached_accounts(
    attached: Mapping[str, Sequence[str]],
    *,
    stack: str,
    stacks: Sequence[str],
    exceptions: Mapping[str, Any],
    today: date,
) -> Iterator[str]:
    """Whether a stack that nobody may detach has accounts without our name, with no exception that still holds.

    ``attached`` is the component's output. An exception is ``{"reason": "…", "until": "2026-12-31"}`` by stack.
    """
    without = sorted(account for account, names in attached.items() if not names)
    if not without or not any(fnmatchcase(stack, pattern) for pattern in stacks):
        return
    exception = exceptions.get(stack)
    told = f"{len(without)} of {len(attached)} accounts are left without a pull secret, {without[0]} first"
    if exception is None:
        yield f'{told}; to allow it, add an exception named "{stack}" with its reason and its last day (until)'
        return
    reason, until = exception.get("reason"), _day(exception.get("until"))
    if not reason or until is None:
        yield f'{told}; the exception "{stack}" needs a reason, and until as a day such as 2026-12-31'
    elif until < today:
        yield f'{told}; the exception "{stack}" ended on {until}'


def wide_admins(
    secrets: Mapping[str, Sequence[tuple[str, str]]], *, usernames: Sequence[str], max_namespaces: int
) -> Iterator[str]:
    """The logins of an administrator that are in more namespaces than ``max_namespaces``.

    ``secrets`` is what ``credentials`` found, by namespace/name; ``usernames`` are patterns.
    """
    places: dict[tuple[str, str], set[str]] = {}
    for place, found in secrets.items():
        for host, username in found:
            if any(fnmatchcase(username.lower(), pattern.lower()) for pattern in usernames):
                places.setdefault((host, username), set()).add(place.partition("/")[0])
    for (host, username), namespaces in places.items():
        if len(namespaces) > max_namespaces:
            yield (
                f'"{username}" at {host} looks like an administrator and would be in {len(namespaces)} namespaces; '
                f"{max_namespaces} allowed; give pods a login that may only pull"
            )


def endless_retired_secrets(
    secrets: Sequence[str], attached: Mapping[str, Sequence[str]], *, end_dates: Mapping[str, str], today: date
) -> Iterator[str]:
    """The retired Secrets that have no end date, or whose day is past.

    Retired is the name of a Secret that the component keeps and has on none of its accounts. Where it has no name on
    any account at all, as after a detach, nothing tells which are retired.
    """
    current = {name for names in attached.values() for name in names}
    names = dict.fromkeys(secret.partition("/")[2] for secret in secrets)
    for name in names if current else ():
        if name in current:
            continue
        if name not in end_dates:
            yield f'the retired Secret "{name}" has no end date; add it to endDates, or drop it from retiredSecretNames'
        elif (until := _day(end_dates[name])) is None:
            yield f'the end date of the retired Secret "{name}" is not a day such as 2026-12-31'
        elif until < today:
            yield f'the retired Secret "{name}" was to go by {until}; drop it from retiredSecretNames'


def _plain(path: str, key: str, value: Any) -> Iterator[str]:
    name = key.rpartition(":")[2].replace("_", "").lower()
    if isinstance(value, Mapping):
        if set(value) != {"secure"}:
            for inner, part in value.items():
                yield from _plain(f"{path}.{inner}", key if inner in _OF_A_PROJECT else str(inner), part)
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _plain(f"{path}[{index}]", key, part)
    elif name in _SECRET_KEYS or name == "kubeconfig":
        if value not in (None, "") and (name in _SECRET_KEYS or _is_kubeconfig(str(value))):
            yield path
    elif (content := _in_json(value)) is not None:
        yield from _plain(path, key, content)


def _in_json(value: Any) -> Any:
    """What a text holds that ``pulumi config set`` was given as JSON; None where it is just a text."""
    if isinstance(value, str) and value.lstrip().startswith(("[", "{")):
        with contextlib.suppress(ValueError, RecursionError):
            return json.loads(value)
    return None


def _is_kubeconfig(value: str) -> bool:
    """A whole one, not its path, as the program tells the two apart."""
    return "\n" in value.strip() or value.lstrip().startswith("{")


def _host(key: str) -> str:
    return key.partition("://")[2].partition("/")[0] or key.partition("/")[0]


def _username(entry: Mapping[str, Any]) -> str:
    """As the kubelet has it, for which ``auth`` goes before ``username``."""
    name = base64.b64decode(entry.get("auth") or "").decode("utf-8", "replace").partition(":")[0]
    return name or str(entry.get("username") or "")


def _day(text: Any) -> date | None:
    try:
        return date.fromisoformat(text)
    except (TypeError, ValueError):
        return None
