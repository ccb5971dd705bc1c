"""Differences over several passes."""

from __future__ import annotations

from midas.domain.time import SECOND
from midas.state.breaks import Breaks, Difference, Kind
from tests.fakes.nouns import BTC, START

NOTHING = frozenset[str]()


def differs(here: str = "1", venue: str = "2", name: str = "BTC") -> Difference:
    return Difference(
        name=name, kind=Kind.ASSET, subject=name, here=here, venue=venue, closes=(BTC.id,),
        text=f"{name}: {here} here, {venue} at the venue",
    )  # fmt: skip


def test_a_difference_stands_after_two_passes_in_a_row() -> None:
    breaks = Breaks()
    breaks.fold([differs()], NOTHING, "audit", START)
    assert not breaks.standing("BTC")
    assert breaks.reason(BTC.id) == ""
    breaks.fold([differs("1", "3")], NOTHING, "audit", START + SECOND)  # its figures may move
    assert breaks.standing("BTC")
    assert breaks.reason(BTC.id) == "account differs: BTC: 1 here, 3 at the venue"
    assert breaks.reason("other") == ""
    assert breaks.evidence("BTC") == "seen in 2 passes since 00:16:40 UTC (audit, audit)"


def test_one_pass_without_it_begins_the_count_anew() -> None:
    breaks = Breaks()
    for found in ([differs()], [], [differs()]):
        breaks.fold(found, NOTHING, "audit", START)
    assert not breaks.standing("BTC")


def test_a_pass_that_leaves_it_alone_neither_counts_nor_forgets() -> None:
    breaks = Breaks()
    breaks.fold([differs()], NOTHING, "audit", START)
    breaks.fold([], frozenset({"BTC"}), "audit", START)
    assert breaks.known["BTC"].seen == 1
    breaks.fold([differs()], NOTHING, "audit", START)
    assert breaks.standing("BTC")


def test_what_moves_is_left_alone_only_so_often() -> None:
    breaks = Breaks()
    left = []
    for _ in range(4):
        skipped = frozenset({"BTC"}) if breaks.skip("BTC", 3) else NOTHING
        left.append(bool(skipped))
        breaks.fold([] if skipped else [differs()], skipped, "audit", START)
    assert left == [True, True, True, False]


def test_an_accepted_difference_closes_nothing_until_its_figures_change() -> None:
    breaks = Breaks()
    for _ in range(2):
        breaks.fold([differs()], NOTHING, "audit", START)
    breaks.accept("BTC", ("1", "2"))
    breaks.fold([differs()], NOTHING, "audit", START)
    assert breaks.open() == ()
    assert breaks.reason(BTC.id) == ""
    breaks.fold([differs("1", "4")], NOTHING, "audit", START)
    assert breaks.standing("BTC")
    assert breaks.accepted == {}


def test_an_acceptance_ends_with_its_difference() -> None:
    breaks = Breaks()
    breaks.fold([differs()], NOTHING, "audit", START)
    breaks.accept("BTC", ("1", "2"))
    breaks.fold([], NOTHING, "audit", START)
    assert breaks.accepted == {}


def test_the_same_thing_is_corrected_twice_and_then_no_more() -> None:
    breaks = Breaks()
    assert not breaks.exhausted("order:md-1")
    breaks.corrected("order:md-1")
    assert not breaks.exhausted("order:md-1")
    breaks.corrected("order:md-1")
    assert breaks.exhausted("order:md-1")
