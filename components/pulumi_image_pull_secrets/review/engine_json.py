"""What ``pulumi preview --json`` prints, read: one document with every step, its old and its new state.

The document is the engine's ``PreviewDigest`` (``pkg/display/json.go`` in github.com/pulumi/pulumi); states are as
``apitype.ResourceV3`` has them. Measured with Pulumi 3.259: secrets in it are the text ``[secret]``, and a resource
that stays as it is has no step.
"""

import codecs
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, ValidationError, ValidatorFunctionWrapHandler, WrapValidator
from pydantic.alias_generators import to_camel

from ..errors import ImagePullSecretsError

MAX_BYTES = 500_000_000
"""Of one document. A rename in a thousand namespaces has about 60 MB; to read a document takes five times its size."""
SECRET = "[secret]"
"""What the engine writes for a secret value."""
STACK_TYPE = "pulumi:pulumi:Stack"

_ENCODINGS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_EVENT_KEYS = {"sequence", "timestamp"}
_EVENTS = (
    "holds the engine's stream of events; give the one document that pulumi preview --json prints while "
    "PULUMI_ENABLE_STREAMING_JSON_PREVIEW is not set"
)


class PreviewUnreadableError(ImagePullSecretsError):
    """What was given isn't the document that ``pulumi preview --json`` prints, or not all of it."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, alias_generator=to_camel)


def _or_none(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    try:
        return handler(value)
    except ValidationError:
        return None


class State(_Model):
    """A resource before or after a step."""

    id: str = ""
    inputs: dict[str, Any] = {}
    """What the program asked for; of an old state, the last time."""
    outputs: dict[str, Any] = {}
    """What the cluster had; of a new state, nothing yet."""
    retain_on_delete: bool = False
    """Whether a delete leaves the object where it is."""


class Difference(_Model):
    """How one property differs."""

    kind: str = ""
    """``add``, ``update`` or ``delete``, with ``-replace`` where it takes a new resource."""


class Step(_Model):
    """What the engine intends to do to one resource."""

    op: str
    urn: str
    """``urn:pulumi:<stack>::<project>::<types of all parents, and its own, joined by $>::<name>``."""
    old_state: State | None = None
    new_state: State | None = None
    diff_reasons: tuple[str, ...] | None = None
    """Top-level properties that differ."""
    detailed_diff: dict[str, Difference] | None = None
    """Paths of properties that differ."""

    @property
    def types(self) -> tuple[str, ...]:
        """Its parents' types, from the outside in, and its own last. A parent that is the stack isn't among them."""
        return tuple(_part(self.urn, 2).split("$"))

    @property
    def name(self) -> str:
        """Its name in the program."""
        return _part(self.urn, 3)

    @property
    def stack(self) -> str:
        """The stack's name, without its organisation."""
        return _part(self.urn, 0).rpartition(":")[2]

    @property
    def paths(self) -> tuple[str, ...]:
        """What differs: the paths, or the top-level properties where the provider gave no paths."""
        return tuple(sorted(self.detailed_diff or self.diff_reasons or ()))


def _part(urn: str, index: int) -> str:
    parts = urn.split("::", 3)
    return parts[index] if len(parts) > index else ""


class Diagnostic(_Model):
    """A message of the engine's, the program's or a provider's."""

    message: str = ""
    severity: str = ""
    """``info``, ``info#err`` (what was written to the standard error), ``warning`` or ``error``."""
    urn: str | None = None
    """The resource that it is about; None where it is about none."""

    @property
    def is_note(self) -> bool:
        """Whether the program says it of the stack as a whole: by ``pulumi.info``, or on its standard output.

        What providers log is about a resource, and what they print the engine keeps to itself.
        """
        return self.severity == "info" and (not self.urn or _part(self.urn, 2) == STACK_TYPE)


def _said(diagnostic: Diagnostic) -> str:
    # A program that runs inside the Automation API tells its error twice, the second time with these words before it.
    words = diagnostic.message.strip().removeprefix(f"{diagnostic.severity}: ")
    return words.removeprefix("an unhandled error occurred: ").strip()


def _each_once(diagnostics: Iterable[Diagnostic]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(message for message in map(_said, diagnostics) if message))


class Preview(_Model):
    """One document."""

    config: dict[str, Any] = {}
    """The stack's configuration; what isn't encrypted in the stack file is plain text here, so none of it is shown."""
    steps: tuple[Annotated[Step | None, WrapValidator(_or_none)], ...] = ()
    """None for a step that can't be read."""
    diagnostics: tuple[Annotated[Diagnostic | None, WrapValidator(_or_none)], ...] = ()
    change_summary: dict[str, int] | None = None
    """Resources by what would be done. Missing where the preview didn't come to its end."""

    @property
    def stack(self) -> str | None:
        """The stack's name, without its organisation; None where the preview failed before its first step."""
        return next((step.stack for step in self.steps if step and step.stack), None)

    def messages(self, severity: str) -> tuple[str, ...]:
        """What was said with this severity, each once, in order."""
        return _each_once(one for one in self.diagnostics if one and one.severity == severity)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the program said besides, each once, in order."""
        return _each_once(one for one in self.diagnostics if one and one.is_note)


def read(data: bytes, source: str) -> Preview:
    """The preview in ``data``.

    ``source`` is what messages call it, such as a file's name. Raises PreviewUnreadableError for what is empty, cut
    off, too large or something else; tolerates what a newer engine adds.
    """
    if len(data) > MAX_BYTES:
        raise PreviewUnreadableError(
            f"{source} holds more than {MAX_BYTES // 1_000_000} MB, which is more than is read; preview a part of the "
            "stack with pulumi preview --target"
        )
    text = _decoded(data, source)
    if not text.strip():
        raise PreviewUnreadableError(f"{source} is empty; it should hold what pulumi preview --json prints")
    try:
        preview = Preview.model_validate_json(text)
    except ValidationError as error:
        raise PreviewUnreadableError(_reason(text, error, source)) from None
    if not preview.model_fields_set:
        # An empty object, or another document, would otherwise pass for a preview without changes.
        if _is_event_log(text):
            raise PreviewUnreadableError(f"{source} {_EVENTS}")
        raise PreviewUnreadableError(f"{source} holds JSON, but nothing of what pulumi preview --json prints")
    return preview


def _decoded(data: bytes, source: str) -> bytes | str:
    # Windows PowerShell writes UTF-16 where output is redirected to a file.
    for mark, encoding in _ENCODINGS:
        if data.startswith(mark):
            try:
                return data.decode(encoding)
            except UnicodeDecodeError:
                raise PreviewUnreadableError(f"{source} can't be read: it isn't valid {encoding}") from None
    return data


def _reason(text: bytes | str, error: ValidationError, source: str) -> str:
    first: Mapping[str, Any] = error.errors(include_url=False, include_input=False)[0]
    if first["type"] != "json_invalid":
        where = ".".join(map(str, first["loc"])) or "the document"
        return (
            f"{source} isn't laid out as pulumi preview --json prints it: {where}: {first['msg']}; an engine newer "
            "than this program may have changed it"
        )
    if _is_event_log(text):
        return f"{source} {_EVENTS}"
    reason = str(first["ctx"]["error"])
    if reason.startswith("EOF"):
        return f"{source} is cut off: it ends in the middle of the document ({reason})"
    return f"{source} isn't what pulumi preview --json prints: {reason}"


def _is_event_log(text: bytes | str) -> bool:
    lines = text.split(b"\n", 1) if isinstance(text, bytes) else text.split("\n", 1)
    try:
        return _Event.model_validate_json(lines[0]).model_fields_set >= _EVENT_KEYS
    except ValidationError:
        return False


class _Event(_Model):
    sequence: int
    timestamp: int
