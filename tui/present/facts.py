"""A list of facts: name, value, and words where something is not as it should be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from tui.present.lines import Line, Piece, clip, spread, width_of

NAME = 15


class Fact(NamedTuple):
    """One row: what is measured, how much, and in words what that means."""

    name: str
    value: str
    words: str = ""  # shown where there is room; where `ink` isn't plain, in any case
    ink: str = "text"


def judged(name: str, value: str, wrong: bool, words: str, plain: str = "", ink: str = "warn") -> Fact:
    """A fact with its words where something is wrong, else with the plain ones."""
    return Fact(name, value, words, ink) if wrong else Fact(name, value, plain)


def listed(facts: Sequence[Fact], width: int, height: int) -> list[Line]:
    """A row a fact, values in one column. Where not all fit: the abnormal first, and how many there are."""
    left = len(facts) - height + 1 if len(facts) > height > 1 else 0
    if len(facts) > height:
        facts = sorted(facts, key=_odd, reverse=True)[: height - (left > 0)]
    longest = max((len(fact.value) for fact in facts), default=0)
    rows = [_row(fact, longest, width) for fact in facts]
    return [*rows, [Piece(f" +{left} more: z shows them", "dim")]] if left else rows


def _odd(fact: Fact) -> bool:
    return fact.ink not in ("text", "dim", "good")


def _row(fact: Fact, longest: int, width: int) -> Line:
    odd = _odd(fact)
    head: Line = [Piece(f"{'!' if odd else ' '}", fact.ink), Piece(f"{fact.name:<{NAME}} ", "dim")]
    room = width - width_of(head)
    if room < longest + 12 and not odd:
        return spread(head, [Piece(clip(fact.value, room - 1), fact.ink)], width)
    value = f"{fact.value:>{longest}}" if room >= longest + 12 else fact.value
    line = [*head, Piece(clip(value, room), fact.ink)]
    left = width - width_of(line) - 2
    if odd and left >= 6:
        line.append(Piece(f"  {clip(fact.words, left)}", fact.ink))
    elif fact.words and len(fact.words) <= left:
        line.append(Piece(f"  {fact.words}", "faint"))
    return line
