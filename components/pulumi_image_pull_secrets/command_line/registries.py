"""The registries that a command asks, where it is told to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .. import registry
from ..registry import Answer, Question
from ..wording import count
from .cluster import progress
from .outcomes import UsageMistakeError

_LONGEST = 3600.0


@dataclass(frozen=True)
class Registries:
    """How they are asked."""

    ca_file: str | None = None
    """A path; the authorities in it are trusted besides the system's."""
    timeout: float = registry.TIMEOUT
    """Seconds for each image."""

    @classmethod
    def of(cls, verify: bool, ca_file: Path | None, timeout: float | None) -> "Registries | None":
        """By what was typed; None where no registry is to be asked.

        Raises UsageMistakeError, and what asking raises before anything is asked: MissingPackageError,
        CertificateFileError.
        """
        if not verify:
            if ca_file is not None or timeout is not None:
                raise UsageMistakeError("--ca-file and --timeout are for --verify")
            return None
        if timeout is not None and not 0 < timeout <= _LONGEST:
            raise UsageMistakeError(f"--timeout: it has to be above 0 and at most {_LONGEST:g} seconds")
        made = cls(None if ca_file is None else str(ca_file), timeout or registry.TIMEOUT)
        # Of nothing, so that what is in the way is told before the cluster is read.
        registry.ask_all((), timeout=made.timeout, ca_file=made.ca_file)
        return made

    def ask(self, questions: Iterable[Question]) -> Mapping[Question, Answer]:
        """What they answer. Nothing that they do raises an error."""
        asked = list(dict.fromkeys(questions))
        images = len({question.image for question in asked})
        with progress() as bar:
            bar.add_task(f"asking registries about {count(images, 'image')}", total=None)
            return registry.ask_all(asked, timeout=self.timeout, ca_file=self.ca_file)
