"""Finding the kubeconfig, and in it the one context that may be used (P12).

Rules: https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from . import yaml_text
from .errors import KubeconfigError
from .names import nearest

_LONGEST_NAME = 255
_CLUSTER_FILES = ("certificate-authority",)
_USER_FILES = ("client-certificate", "client-key", "tokenFile")
"""The keys that name a file."""
_IMPERSONATION = {"as": "Impersonate-User", "as-uid": "Impersonate-Uid"}


@dataclass(frozen=True)
class Kubeconfig:
    """A kubeconfig that holds the context that was asked for."""

    source: str = field(repr=False)
    """The file's absolute path, or the text; both are what Pulumi's provider takes."""
    content: Mapping[str, Any] = field(repr=False)
    """The parsed text. It may hold credentials."""
    context: str
    is_path: bool

    @property
    def server(self) -> str:
        """The address of the context's cluster."""
        return str(self._cluster.get("server", ""))

    @property
    def relative_files(self) -> list[str]:
        """The keys of the context's cluster and user that name a file by a relative path."""
        # What is given as data as well goes before the file.
        return [
            key
            for body, keys in ((self._cluster, _CLUSTER_FILES), (self._user, _USER_FILES))
            for key in keys
            if body.get(key) and not body.get(f"{key}-data") and not Path(str(body[key])).is_absolute()
        ]

    @property
    def impersonation(self) -> list[tuple[str, str]]:
        """The headers by which the context's user acts as another one, as kubectl's client has them.

        Raises KubeconfigError where they aren't in the shape that it wants.
        https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation
        """
        user = self._user
        headers = [(name, str(user[key])) for key, name in _IMPERSONATION.items() if user.get(key)]
        groups, extra = user.get("as-groups") or [], user.get("as-user-extra") or {}
        if not isinstance(groups, list):
            raise KubeconfigError(f'as-groups of the user of context "{self.context}" is no list of groups')
        if not isinstance(extra, dict) or not all(isinstance(values, list) for values in extra.values()):
            raise KubeconfigError(f'as-user-extra of the user of context "{self.context}" is no object of lists')
        headers += [("Impersonate-Group", str(group)) for group in groups]
        return headers + [
            (f"Impersonate-Extra-{quote(str(key), safe='')}", str(value))
            for key, values in extra.items()
            for value in values
        ]

    @property
    def namespace(self) -> str:
        """The namespace that kubectl takes in this context where none is named."""
        return str(self._context.get("namespace") or "default")

    @property
    def _context(self) -> dict[str, Any]:
        return _entry(self.content, "contexts", self.context) or {}

    @property
    def _cluster(self) -> dict[str, Any]:
        return _entry(self.content, "clusters", self._context.get("cluster")) or {}

    @property
    def _user(self) -> dict[str, Any]:
        return _entry(self.content, "users", self._context.get("user")) or {}


def find(context: str, kubeconfig: str | None = None, environ: Mapping[str, str] = os.environ) -> Kubeconfig:
    """The kubeconfig with ``context`` in it.

    ``kubeconfig`` is a path or the whole text (which has several lines, or starts with ``{``). Without it the files of
    ``KUBECONFIG`` are searched, or ``~/.kube/config``. There is no fall-back to another context, ever. Raises
    KubeconfigError, which names the place and the contexts that are there; it holds nothing else of the text.
    """
    if kubeconfig is not None and ("\n" in kubeconfig.strip() or kubeconfig.lstrip().startswith("{")):
        found = Kubeconfig(kubeconfig, _parse(kubeconfig, "the kubeconfig text"), context, is_path=False)
        return _first_with(context, [("the kubeconfig text", found)])
    files = _files(kubeconfig, environ)
    return _first_with(context, ((where, Kubeconfig(path, content, context, True)) for path, where, content in files))


def current_context(kubeconfig: str | None = None, environ: Mapping[str, str] = os.environ) -> str:
    """The context that kubectl uses where none is named: the first ``current-context`` in the files.

    For a command that only reads; whatever writes is told its context (P12). ``kubeconfig`` is a path. Raises
    KubeconfigError, also where no file has one.
    """
    searched = []
    for _, where, content in _files(kubeconfig, environ):
        if current := content.get("current-context"):
            return str(current)
        searched.append(where)
    raise KubeconfigError(f"there is no current context in {', '.join(searched)}; name one with --context")


def _files(kubeconfig: str | None, environ: Mapping[str, str]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Path, how it is told, and content; one after the other, so that none is read behind the one that is used.

    Of several, some may hold users or clusters alone, or nothing yet.
    """
    paths = list(_paths(kubeconfig, environ))
    for path in paths:
        where, text = f"the kubeconfig {path}", _read(path)
        yield str(path), where, _parse(text, where, is_one_of_many=len(paths) > 1)


def _paths(kubeconfig: str | None, environ: Mapping[str, str]) -> Iterator[Path]:
    if kubeconfig is not None:
        if not kubeconfig.strip():
            raise KubeconfigError("the kubeconfig is empty; give a path or the text, or leave the key out")
        if max(map(len, Path(kubeconfig).parts), default=0) > _LONGEST_NAME:
            # Not shown: it may be a whole kubeconfig in base64.
            raise KubeconfigError(
                f"the kubeconfig is one line of {len(kubeconfig)} characters, neither a path nor the text; "
                "if it is base64, decode it first"
            )
        yield _expanded(kubeconfig)
        return
    variable = environ.get("KUBECONFIG", "")
    paths = [_expanded(part) for part in variable.split(os.pathsep) if part]
    if not paths:
        yield Path(environ.get("HOME", "~")).expanduser() / ".kube" / "config"
        return
    # As kubectl does: a file of the list that isn't there is passed over, unless none is.
    existing = [path for path in paths if _may_exist(path)]
    yield from existing or paths[:1]


def _may_exist(path: Path) -> bool:
    """Whether a file is there, or nobody can say, such as in a folder that may not be entered.

    Such a file isn't passed over: a context of the same name behind it may be another cluster's. Reading it says why.
    """
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def _expanded(path: str) -> Path:
    try:
        return Path(path).expanduser().absolute()
    except RuntimeError:
        # A user that isn't there: "~somebody" stays as it was typed.
        return Path(path).absolute()


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise KubeconfigError(
            f"there is no kubeconfig at {path}; set image-pull-secrets:kubeconfig or KUBECONFIG to where it is"
        ) from None
    except IsADirectoryError:
        raise KubeconfigError(f"the kubeconfig {path} is a folder; give the path of the file in it") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a text in UTF-8"
        raise KubeconfigError(f"the kubeconfig {path} can't be read: {reason}") from None


def _parse(text: str, where: str, *, is_one_of_many: bool = False) -> Mapping[str, Any]:
    if not text.strip():
        if is_one_of_many:
            return {}
        raise KubeconfigError(f"{where} is empty")
    content, problem = yaml_text.load(text)
    if problem:
        raise KubeconfigError(f"{where} {problem}")
    missing: list[Any] | None = [] if is_one_of_many else None
    if not isinstance(content, dict) or not isinstance(content.get("contexts", missing), list):
        raise KubeconfigError(f'{where} is not a kubeconfig: it has no list of "contexts"')
    return content


def _first_with(wanted: str, candidates: Iterable[tuple[str, Kubeconfig]]) -> Kubeconfig:
    known: list[str] = []
    searched = []
    for where, candidate in candidates:
        contexts = candidate.content.get("contexts", [])
        names = [entry["name"] for entry in contexts if isinstance(entry, dict) and "name" in entry]
        if wanted in names:
            context = _entry(candidate.content, "contexts", wanted)
            if problem := _reference_problem(candidate.content, context or {}):
                raise KubeconfigError(f'context "{wanted}" in {where} {problem}')
            return candidate
        known += [str(name) for name in names]
        searched.append(where)
    meant = nearest(wanted, known)
    hint = f'did you mean "{meant}"? ' if meant else ""
    raise KubeconfigError(
        f'context "{wanted}" is not in {", ".join(searched)}; {hint}contexts there: {", ".join(known) or "none"}'
    )


def _reference_problem(content: Mapping[str, Any], context: Mapping[str, Any]) -> str | None:
    cluster, user = context.get("cluster"), context.get("user")
    if not cluster:
        return "names no cluster"
    if (body := _entry(content, "clusters", cluster)) is None:
        return f'names the cluster "{cluster}", which is not among its clusters'
    if not body.get("server"):
        return f'names the cluster "{cluster}", which has no server'
    # A user may be left out, and its entry may be empty: some clusters ask for no credentials.
    if user and _entry(content, "users", user) is None:
        return f'names the user "{user}", which is not among its users'
    return None


def _entry(content: Mapping[str, Any], kind: str, name: object) -> dict[str, Any] | None:
    entries = content.get(kind)
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict) and entry.get("name") == name:
            body = entry.get(kind[:-1])
            return body if isinstance(body, dict) else {}
    return None
