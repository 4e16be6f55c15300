"""What a contender is asked to do."""

import json
import sys
from dataclasses import asdict, dataclass
from typing import Any

OURS, SKIPPED, LOOP = "ours", "ours, checkpoints skipped", "kubectl loop"
"""The contenders that the targets are for."""
SECRET_NAME = "regcred"
SERVER, USERNAME = "ghcr.io", "bot"
FIRST, UP, PREVIEW, ROTATE, ADD, DESTROY = "first up", "no-op up", "no-op preview", "rotate", "add one", "destroy"
OPERATIONS = (FIRST, UP, PREVIEW, ROTATE, ADD, DESTROY)
"""In the order in which they are done."""


@dataclass(frozen=True)
class Work:
    """One operation, as a contender's process reads it on its standard input."""

    operation: str
    namespaces: list[str]
    password: str
    kubeconfig: str
    context: str
    folder: str
    """Where the contender keeps its state from one operation to the next."""
    parts: dict[str, str]
    """The sandbox's parts, by name."""
    plugin: str

    def text(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls) -> "Work":
        """What this process was asked to do."""
        content: dict[str, Any] = json.load(sys.stdin)
        return cls(**content)
