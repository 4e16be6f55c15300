"""Every error that this library raises, one class per cause.

Messages are for the person who typed the configuration: what is wrong, where, and what to type. They never
hold the value of a password.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

_LONGEST_KEY = 253


class ImagePullSecretsError(Exception):
    """The root: ``except ImagePullSecretsError`` catches whatever this library raises on purpose."""


@dataclass(frozen=True)
class Problem:
    """One mistake in what somebody configured."""

    path: tuple[str | int, ...]
    """Where it is, from the outside in, with Python's names: ``("namespaces", 3, "service_accounts", 0)``."""
    message: str
    """What is wrong and what is allowed; never the value of a secret."""

    def __str__(self) -> str:
        return f"{format_path(self.path)}: {self.message}"

    @property
    def position(self) -> tuple[tuple[int, str | int], ...]:
        """What problems are sorted by: keys by name, and entries of a list in their order."""
        return tuple((1, part) if isinstance(part, str) else (0, part) for part in self.path)

    def is_within(self, paths: Collection[tuple[str | int, ...]]) -> bool:
        """Whether it is at one of ``paths``, or inside of it."""
        return any(self.path[:length] in paths for length in range(len(self.path) + 1))


def with_others(shape: Iterable[Problem], others: Iterable[Problem]) -> list[Problem]:
    """What has the wrong shape, and of the other problems those that aren't within it: these come from nothing else."""
    shape = list(shape)
    wrong = {problem.path for problem in shape}
    return [*shape, *(problem for problem in others if not problem.is_within(wrong))]


def format_path(path: Iterable[str | int]) -> str:
    """``("namespaces", 3, "name")`` as ``namespaces[3].name``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{_shown(part)}" if text else _shown(part)
    return text


def _shown(key: str) -> str:
    """The key as it was typed, unless it would break the line or fill the screen."""
    if len(key) <= _LONGEST_KEY and key.isprintable():
        return key
    return ascii(key[:_LONGEST_KEY]) + ("…" if len(key) > _LONGEST_KEY else "")


class DockerConfigError(ImagePullSecretsError):
    """A Docker configuration, or one entry of it, that a node cannot use."""


class RegistryAddressError(DockerConfigError):
    """A registry address under which the kubelet would never find a credential."""


class LabelSelectorError(ImagePullSecretsError):
    """A text that is no label selector."""

    def __init__(self, problem: str, position: int) -> None:
        super().__init__(f"{problem}, at character {position}")
        self.position = position
        """Of what is wrong, from 1."""


class InvalidArgumentsError(ImagePullSecretsError):
    """The component's arguments hold mistakes; all of them are told at once."""

    def __init__(self, component: str, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        lines = "".join(f"\n  {problem}" for problem in self.problems)
        super().__init__(f'ImagePullSecrets "{component}" has {_count(self.problems)} in its arguments:{lines}')


class SettingsError(ImagePullSecretsError):
    """The stack's configuration holds mistakes; all of them are told at once."""

    def __init__(self, stack: str, lines: Iterable[str]) -> None:
        self.lines = tuple(lines)
        listing = "".join(f"\n  {line}" for line in self.lines)
        super().__init__(f'stack "{stack}" has {_count(self.lines)} in its configuration:{listing}')


class PasswordCommandError(ImagePullSecretsError):
    """A command that should print a password failed, or printed something else."""


class ImageNameError(ImagePullSecretsError):
    """What was given as an image's name isn't one."""


class KubeconfigError(ImagePullSecretsError):
    """The kubeconfig can't be read, or doesn't hold the context that was asked for."""


class ClusterUnreachableError(ImagePullSecretsError):
    """The cluster didn't answer, or refused who we are."""


class NotInClusterError(ImagePullSecretsError):
    """A namespace or a pod that a command was asked about isn't there."""


class NotAllowedError(ImagePullSecretsError):
    """The user may not do what a command is about to do, or read what it has to know before."""


class PreflightError(ImagePullSecretsError):
    """The cluster isn't as the configuration says, or a registry refuses a login; all of it is told at once."""

    def __init__(self, context: str, findings: Iterable[str], refusals: Iterable[str] = ()) -> None:
        self.findings = tuple(findings)
        """What is missing in the cluster, or in the way there."""
        self.refusals = tuple(refusals)
        """The logins that a registry refuses."""
        listing = "".join(f"\n  {line}" for line in (*self.findings, *self.refusals))
        cluster = f'the cluster of context "{context}" is not ready for this stack'
        what = cluster if self.findings else "a login of this stack doesn't work"
        super().__init__(f"{what}; nothing was changed:{listing}")


class MissingPackageError(ImagePullSecretsError):
    """Something needs a package that only an extra of this library brings."""

    def __init__(self, purpose: str, package: str, extra: str) -> None:
        super().__init__(
            f"{purpose} needs the package {package}, which is not installed; "
            f"type: pip install 'pulumi-image-pull-secrets[{extra}]'"
        )


class OutdatedPackageError(ImagePullSecretsError, ImportError):
    """A package is installed at a version that is older than what this library works with."""

    def __init__(self, package: str, installed: str, oldest: str) -> None:
        super().__init__(
            f"pulumi-image-pull-secrets needs {package} {oldest} or newer, and {installed} is installed; "
            f"type: pip install --upgrade '{package}>={oldest}'"
        )


class CertificateFileError(ImagePullSecretsError):
    """A file that should hold certificates of authorities, and can't be read as such."""


def _count(problems: tuple[object, ...]) -> str:
    return "1 mistake" if len(problems) == 1 else f"{len(problems)} mistakes"
