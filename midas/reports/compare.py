"""Two runs side by side: what differs in how they were made, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from midas.reports import words
from midas.reports.sheet import Measure, Sheet


class Differs(NamedTuple):
    """Something that was not the same."""

    name: str
    first: str
    second: str


class Pair(NamedTuple):
    """One figure of both; `apart` is the second less the first."""

    name: str
    first: str
    second: str
    apart: str


class Comparison(NamedTuple):
    """All of it; `other_data` where the figures don't answer the same question."""

    made: tuple[Differs, ...]
    figures: tuple[Pair, ...]
    other_data: bool


def compared(first: Sheet, second: Sheet) -> Comparison:
    """Of two runs of any kind."""
    made = tuple(_made(first, second))
    return Comparison(
        made, tuple(_figures(first, second)), any(each.name.startswith("data") for each in made)
    )


def _made(first: Sheet, second: Sheet) -> Iterator[Differs]:
    for name, a, b in (
        ("strategy", first.strategy, second.strategy),
        ("instruments", ", ".join(first.instruments), ", ".join(second.instruments)),
        ("money to begin with", words.money(first.cash), words.money(second.cash)),
        ("currency", first.currency, second.currency),
    ):
        if a != b:
            yield Differs(name, a, b)
    yield from _data(first, second)
    yield from _told("", first.parameters, second.parameters)
    yield from _told("assumed ", _flat(first.assumptions), _flat(second.assumptions))


def _data(first: Sheet, second: Sheet) -> Iterator[Differs]:
    """Equal data have equal digests, whatever their files are called."""
    mine, theirs = ({s.instrument: s for s in sheet.data} for sheet in (first, second))
    for name in dict.fromkeys((*mine, *theirs)):
        a, b = mine.get(name), theirs.get(name)
        if a is None or b is None or a.digest != b.digest:
            told = tuple(
                f"{words.day(s.begins)} to {words.day(s.ends - 1)}, {s.rows:,} of {words.period(s.period)}"
                if s is not None else "none" for s in (a, b)
            )  # fmt: skip
            if told[0] == told[1] and a is not None and b is not None:
                told = f"{told[0]}, {a.digest[:6]}", f"{told[1]}, {b.digest[:6]}"
            yield Differs(f"data of {name}", *told)


def _told(before: str, first: Mapping[str, Any], second: Mapping[str, Any]) -> Iterator[Differs]:
    for name in dict.fromkeys((*first, *second)):
        a, b = (str(each[name]) if name in each else "not set" for each in (first, second))
        if a != b:
            yield Differs(f"{before}{name}".replace("_", " ") if before else name, a, b)


def _flat(given: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in given.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{before}{name} ")
        else:
            found[f"{before}{name}"] = value
    return found


def _figures(first: Sheet, second: Sheet) -> Iterator[Pair]:
    a, b = first.growth, second.growth
    yield _parts("made", a.total.value, b.total.value)
    yield _parts("a year (CAGR)", a.cagr.value, b.cagr.value)
    yield _shares("swing (volatility)", a.volatility.value, b.volatility.value)
    yield _parts("worst fall (drawdown)", first.worst, second.worst)
    for name, mine, theirs in (
        ("Sharpe ratio", a.sharpe, b.sharpe), ("Sortino ratio", a.sortino, b.sortino),
        ("Calmar ratio", a.calmar, b.calmar),
    ):  # fmt: skip
        yield _numbers(name, mine, theirs)
    yield _chances("skill above 0 (PSR)", first.evidence.positive, second.evidence.positive)
    yield _chances("after all trials (DSR)", first.evidence.deflated, second.evidence.deflated)
    yield _shares("ulcer index", a.ulcer.value, b.ulcer.value, 2)
    yield _shares("in the market", first.exposed, second.exposed)
    yield _whole("closed trades", first.trading.closed, second.trading.closed)
    yield _shares("won", first.trading.win_rate.value, second.trading.win_rate.value)
    factors = first.trading.profit_factor, second.trading.profit_factor
    yield _numbers("profit factor", *factors)._replace(
        first=words.factor(factors[0]), second=words.factor(factors[1])
    )
    yield _numbers("mean trade", first.trading.expectancy, second.trading.expectancy)
    yield _money("paid in costs", first.costs.total, second.costs.total)
    yield _money("equity", first.equity, second.equity)


def _parts(name: str, a: float | None, b: float | None, decimals: int = 1) -> Pair:
    apart = words.percent(b - a, decimals) if a is not None and b is not None else words.ABSENT
    return Pair(name, words.percent(a, decimals), words.percent(b, decimals), apart)


def _shares(name: str, a: float | None, b: float | None, decimals: int = 0) -> Pair:
    apart = words.percent(b - a, decimals) if a is not None and b is not None else words.ABSENT
    return Pair(name, words.share(a, decimals), words.share(b, decimals), apart)


def _chances(name: str, a: float | None, b: float | None) -> Pair:
    return Pair(name, words.chance(a), words.chance(b), _shares(name, a, b).apart)


def _numbers(name: str, a: Measure, b: Measure) -> Pair:
    apart = words.signed(b.value - a.value) if a.value is not None and b.value is not None else words.ABSENT
    return Pair(name, words.number(a.value), words.number(b.value), apart)


def _whole(name: str, a: int, b: int) -> Pair:
    return Pair(name, f"{a:,}", f"{b:,}", f"{b - a:+,}")


def _money(name: str, a: float, b: float) -> Pair:
    return Pair(name, words.money(a), words.money(b), words.signed(b - a))
