"""What a diagnosis finds: checks, which are data, and findings, which are where one of them hit. Pure."""

from dataclasses import dataclass, field
from enum import Enum

from ..wording import in_a_shell


class Severity(Enum):
    """How bad it is. ``value`` is what reports show; ``rank`` orders, the worst highest."""

    NOTE = "note"
    """Worth knowing; nothing fails."""
    WARNING = "warning"
    """Something will fail, or does where it isn't seen."""
    ERROR = "error"
    """Something doesn't pull, or can't."""

    @property
    def rank(self) -> int:
        """0 for a note, 2 for an error."""
        return list(Severity).index(self)


@dataclass(frozen=True)
class Milder:
    """When a check is less severe than it is otherwise."""

    severity: Severity
    when: str
    """Such as ``no pod fails because of it``."""


@dataclass(frozen=True)
class Check:
    """One thing that is looked for."""

    code: str
    """Stable, such as ``secret-missing``; its first word is the category."""
    severity: Severity
    title: str
    """A few words, such as ``Secret is named but missing``."""
    explanation: str
    """Why it matters: what Kubernetes, the kubelet or the registry does then. Whole sentences, Markdown."""
    fix: str
    """What to type or change, as a template; ``{namespace}`` and the like are filled in by each finding."""
    milder: Milder | None = None
    """None where the check has but one severity."""

    @property
    def category(self) -> str:
        """``secret``, ``account``, ``pod``, ``controller`` or ``coverage``."""
        return self.code.partition("-")[0]


@dataclass(frozen=True)
class Finding:
    """One check that hit one object."""

    check: Check
    namespace: str
    """Empty for what is no namespace's, such as a registry that no node reaches."""
    kind: str
    """Kubernetes's own, such as ``ServiceAccount``; and ``Registry``, whose name is its host."""
    name: str
    message: str
    """What is wrong with this very object, one line; no value of a Secret but keys and user names."""
    fix: str
    """What to type, with this object's names."""
    pods: int = 0
    """How many pods it hits; one root cause is told once."""
    severity: Severity = Severity.NOTE
    """The check's, or its milder one."""
    images: frozenset[str] = field(default=frozenset(), compare=False, repr=False)
    """All images of the pods that it hits."""

    @property
    def sort_key(self) -> tuple[int, int, str, str, str, str, str]:
        """The worst first, then the one that hits the most pods, then by name."""
        return (-self.severity.rank, -self.pods, self.check.code, self.namespace, self.kind, self.name, self.message)


def finding(
    check: Check,
    namespace: str,
    kind: str,
    name: str,
    message: str,
    *,
    pods: int = 0,
    is_milder: bool = False,
    images: frozenset[str] = frozenset(),
    command: str = "",
    **names: str,
) -> Finding:
    """A finding whose fix is the check's, with the names filled in, so that it can be pasted whatever they are.

    ``command`` is the template of another fix, where the check's isn't right for the object.
    ``{resource}`` is the kind as kubectl has it. ``names`` are the check's own places; a registry that isn't known
    stays for the reader to fill in.
    """
    places = {"namespace": namespace, "resource": kind.lower(), "name": name, "registry": "REGISTRY", **names}
    fix = (command or check.fix).format_map({place: in_a_shell(text) for place, text in places.items()})
    severity = check.milder.severity if is_milder and check.milder else check.severity
    return Finding(check, namespace, kind, name, message, fix, pods, severity, images)
