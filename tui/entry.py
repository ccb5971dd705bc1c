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
    also: tuple[str, ...] = ()  # other verbs that people try for it

    @property
    def names(self) -> tuple[str, ...]:
        """Everything that it is called."""
        return self.verb, *self.also

    @property
    def asks(self) -> bool:
        """Whether the verb alone is not enough."""
        return bool(self.usage) and not self.usage.startswith("[")


def found(entries: Sequence[Entry], line: str) -> tuple[Entry, str] | None:
    """The entry that the line names in full, and the rest of the line; the longest verb wins."""
    words = " ".join(line.split())
    named = [(n, e) for e in entries for n in e.names if f"{words.lower()} ".startswith(f"{n} ")]
    if not named:
        return None
    name, entry = max(named, key=lambda pair: len(pair[0]))
    return entry, words[len(name) :].strip()


def begun(entries: Sequence[Entry], line: str) -> list[Entry]:
    """Entries whose verb the line begins, word by word: `mo pa` for `mode pause`, and all modes for `mo`."""
    words = line.lower().split()
    return [e for e in entries if words and any(_begins(words, name.split()) for name in e.names)]


def _begins(words: Sequence[str], verb: Sequence[str]) -> bool:
    return len(words) <= len(verb) and all(v.startswith(w) for w, v in zip(words, verb, strict=False))


def offered(entries: Sequence[Entry], line: str, search: FuzzySearch) -> list[Entry]:
    """Entries that fit the line: the named one first, then those it begins, then by how well they match."""
    words = " ".join(line.split()).lower()
    if not words:
        return list(entries)
    named = found(entries, line)
    scored = [(max(*(search.match(words, n)[0] for n in e.names), _told(words, e)), e) for e in entries]
    best = [e for score, e in sorted(scored, key=lambda pair: -pair[0]) if score > 0.0]
    first = [*([named[0]] if named is not None else []), *begun(entries, line)]
    return list({e.verb: e for e in (*first, *best)}.values())


def _told(words: str, entry: Entry) -> float:
    """A weak match: the words stand in the explanation."""
    return 0.1 if len(words) > 2 and words in entry.help.lower() else 0.0
