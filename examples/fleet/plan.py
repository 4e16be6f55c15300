"""What fleet.yaml says: which stacks, in which waves. Pure but for the reading of the file."""

from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, StrictStr, StringConstraints, ValidationError

_Name = Annotated[StrictStr, StringConstraints(min_length=1)]


class PlanError(Exception):
    """A plan that can't be carried out; its text says why, and where."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Wave(_Model):
    """Stacks that may be brought up at the same time."""

    name: _Name
    stacks: list[_Name] = Field(min_length=1)


class Plan(_Model):
    """All waves, in their order."""

    project: Path
    """The folder with the project's Pulumi.yaml; where it is relative, seen from the plan's file."""
    parallel: int = Field(default=4, ge=1)
    """How many stacks at the same time."""
    waves: list[Wave] = Field(min_length=1)

    @property
    def stacks(self) -> list[str]:
        """The stacks of all waves."""
        return [stack for wave in self.waves for stack in wave.stacks]


def read(file: Path) -> Plan:
    """The plan of a file. Raises PlanError with all mistakes."""
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise PlanError(f"{file} can't be read: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise PlanError(f"{file} is not YAML") from None
    try:
        plan = Plan.model_validate(content)
    except ValidationError as error:
        lines = [f"  {_path(details['loc'])}: {details['msg']}" for details in error.errors(include_input=False)]
        raise PlanError("\n".join([f"{file}:", *lines])) from None
    twice = sorted({stack for stack in plan.stacks if plan.stacks.count(stack) > 1})
    if twice:
        raise PlanError(f"{file}: {', '.join(twice)} is listed twice; a stack belongs to one wave")
    project = (file.parent / plan.project).resolve()
    if not (project / "Pulumi.yaml").is_file():
        raise PlanError(f"{file}: project: there is no Pulumi.yaml in {project}")
    return plan.model_copy(update={"project": project})


def _path(location: tuple[str | int, ...]) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return text.lstrip(".") or "the file"
