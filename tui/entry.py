"""One command of the palette, and how a typed line finds it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from textual.fuzzy import FuzzySearch

Run = Callable[[str], str | None]  # gets what was typed after the verb; returns what was wrong with it


class Entry(NamedTuple):
    """A verb with its arguments, and what it does."""

    verb: str  # "mode defensive"
    help: str
    run: Run
    usage: str = ""  # what may or must follow: "QUANTITY SYMBOL [@PRICE] [post]"
    key: str = ""  # the key that does the same
    choices: Callable[[], Sequence[str]] | None = None  # for what follows

    @property
    def asks(self) -> bool:
        """Whether the verb alone is not enough."""
        return bool(self.usage) and not self.usage.startswith("[")


def found(entries: Sequence[Entry], line: str) -> tuple[Entry, str] | None:
    """The entry that the line names in full, and the rest of the line; the longest verb wins."""
    words = " ".join(line.split())
    named = [e for e in entries if f"{words.lower()} ".startswith(f"{e.verb} ")]
    if not named:
        return None
    entry = max(named, key=lambda e: len(e.verb))
    return entry, words[len(entry.verb) :].strip()


def offered(entries: Sequence[Entry], line: str, search: FuzzySearch) -> list[Entry]:
    """Entries that fit the line: the named one first, then by how well their verb or text matches."""
    words = " ".join(line.split()).lower()
    if not words:
        return list(entries)
    named = found(entries, line)
    scored = [(max(search.match(words, e.verb)[0], _told(words, e)), e) for e in entries]
    best = [e for score, e in sorted(scored, key=lambda pair: -pair[0]) if score > 0.0]
    if named is None:
        return best
    return [named[0], *(e for e in best if e is not named[0])]


def _told(words: str, entry: Entry) -> float:
    """A weak match: the words stand in the explanation."""
    return 0.1 if len(words) > 2 and words in entry.help.lower() else 0.0
