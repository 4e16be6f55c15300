"""Sentences about a preview, with the names in them told apart, so that each report can show those safely. Pure."""

from collections.abc import Iterable, Sequence

from ..wording import visible

Phrase = Sequence[str]
"""Parts of a sentence, to be joined as they are; a ``Name`` among them is somebody else's text."""

FEW = 5
"""Names in a list that a person is shown."""


class Name(str):
    """A name, or another text, that comes from the cluster, the stack or the engine: it can hold anything.

    Also a word that people type, such as a setting's, which is shown in the same way.
    """

    __slots__ = ()


def listed(names: Iterable[str], few: int = FEW) -> Phrase:
    """Such as ``a``, ``b`` and 4 more."""
    all_names = list(names)
    phrase: list[str] = []
    for name in all_names[:few]:
        phrase += [", ", Name(name)] if phrase else [Name(name)]
    return [*phrase, f" and {len(all_names) - few} more"] if len(all_names) > few else phrase


def plain(phrase: Phrase) -> str:
    """The sentence as text, on one line, with nothing in it that acts."""
    return "".join(shown(part) if isinstance(part, Name) else part for part in phrase)


def shown(name: str) -> str:
    """A name, so that it is seen: quoted where nothing else would be, or where white space stands at its ends."""
    text = visible(name)
    return text if text and text == name else f'"{text}"'
