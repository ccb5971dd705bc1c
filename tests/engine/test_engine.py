"""Who speaks on which event, and what a strategy that misbehaves can do."""

from __future__ import annotations

from math import nan

import msgspec
import numpy as np
import pytest

from midas.domain.command import Kill
from midas.domain.decision import (
    Noted,
    OrderPlanned,
    SignalMade,
    TargetApproved,
)
from midas.domain.opinion import Contribution, Opinion, Reading
from midas.domain.time import SECOND
from midas.engine.audit import decode, encode
from midas.engine.effect import ResyncBook
from tests.engine.scene import Scene, of
from tests.fakes.desk import BTC, Desk, config
from tests.fakes.scripted_market import ScriptedMarket
from tests.fakes.strategy import BookPuppet, Puppet, long


def test_a_bar_makes_analyst_and_strategies_speak(scene: Scene) -> None:
    audits = scene.say(long(0.8))
    made = of(SignalMade, audits)
    assert [type(d) for d in audits[0].decisions] == [SignalMade, TargetApproved, OrderPlanned]
    assert made[0].signal.confidence == 0.8
    assert made[0].outcome == "acted"
    briefing = scene.puppet.briefing
    assert briefing is not None
    assert briefing.forecast is not None
    assert len(briefing.forecast.contributions) == 4


def test_history_bars_warm_and_never_trade() -> None:
    puppet, market = Puppet(), ScriptedMarket()
    puppet.opinion = long()
    desk = Desk([puppet])
    desk.open(market.now - SECOND * 500)
    for event in market.begin():
        desk.feed(event)
    history = market.history()
    for bar in history:
        desk.feed(bar)
    assert puppet.asked == []
    assert not of(OrderPlanned, desk.audits)
    assert desk.state.regimes[BTC.id].bars_seen == len(history)


def test_a_bar_that_is_known_already_is_not_studied_twice(scene: Scene) -> None:
    bar = scene.market.bar()
    scene.desk.feed(bar)
    asked, seen = len(scene.puppet.asked), scene.desk.state.regimes[BTC.id].bars_seen
    scene.desk.feed(bar)
    assert len(scene.puppet.asked) == asked
    assert scene.desk.state.regimes[BTC.id].bars_seen == seen


def test_quotes_and_trades_alone_decide_nothing(scene: Scene) -> None:
    scene.puppet.opinion = long()
    book, quote = scene.market.move(3)
    del book
    assert scene.desk.feed(quote) == []
    assert scene.desk.feed(scene.market.trade()) == []
    assert scene.desk.state.markets[BTC.id].bid == scene.market.bid


def test_a_gap_hides_the_book_and_nothing_is_decided_on_it() -> None:
    scene = Scene(BookPuppet())
    scene.puppet.opinion = long()
    audits = scene.desk.feed(scene.market.gap())
    assert not scene.desk.state.markets[BTC.id].book_valid
    assert [e for a in audits for e in a.effects] == [ResyncBook(BTC.id)]
    assert of(Noted, audits)
    asked = len(scene.puppet.asked)
    for _ in range(3):
        for event in scene.market.move(1):
            assert not of(SignalMade, scene.desk.feed(event))
    assert len(scene.puppet.asked) == asked
    for event in scene.market.begin():
        scene.desk.feed(event)
    scene.desk.feed(scene.market.move(1)[0])
    assert len(scene.puppet.asked) == asked + 1


def test_a_gap_asks_for_one_snapshot_not_for_one_on_every_diff(scene: Scene) -> None:
    first = scene.desk.feed(scene.market.gap())
    again = scene.desk.feed(scene.market.gap())
    assert len([e for a in first for e in a.effects if isinstance(e, ResyncBook)]) == 1
    assert again == []


@pytest.mark.parametrize(
    "opinion",
    [
        Opinion(direction=nan, confidence=1.0),
        Opinion(direction=1.0, confidence=nan),
        Opinion(direction=2.0, confidence=1.0),
        Opinion(direction=1.0, confidence=-0.1),
    ],
)
def test_an_impossible_answer_switches_the_strategy_off(scene: Scene, opinion: Opinion) -> None:
    audits = scene.say(opinion)
    note = of(Noted, audits)[0]
    assert (note.kind, note.severity) == ("STRATEGY", "error")
    assert "answered direction" in note.text
    asked = len(scene.puppet.asked)
    assert scene.say(long()) == []
    assert len(scene.puppet.asked) == asked


@pytest.mark.parametrize(
    "terms",
    [
        {"inputs": (Reading("slope", "steep"),)},  # type: ignore[arg-type]
        {"contributions": None},
        {"inputs": (("slope", 1.0),)},
        {"confidence": "0.9"},
        {"reason": 5},
        {"reason": "\ud800"},
        {"urgency": "soon"},
        {"horizon_ns": 1.5},
    ],
)
def test_an_answer_that_the_journal_can_not_keep_switches_the_strategy_off(
    scene: Scene, terms: dict[str, object]
) -> None:
    audits = scene.say(msgspec.structs.replace(long(), **terms))
    assert "puppet is switched off: " in of(Noted, audits)[0].text
    assert of(OrderPlanned, audits) == []


def test_the_numbers_of_a_strategy_may_be_numpys(scene: Scene) -> None:
    answer = msgspec.structs.replace(
        long(), confidence=np.float32(0.75), inputs=(Reading("slope", np.float64(0.5)),),
        contributions=(Contribution("bars", np.int64(3)),),  # type: ignore[arg-type]
    )  # fmt: skip
    audits = scene.say(answer)
    [made] = of(SignalMade, audits)
    assert [made.signal.confidence, made.signal.inputs[0].value] == [0.75, 0.5]
    assert made.signal.contributions[0].value == 3.0
    for audit in audits:
        assert decode(encode(audit)).sequence == audit.sequence


def test_a_strategy_that_raises_is_switched_off_and_the_engine_goes_on() -> None:
    broken, healthy, market = Puppet(), BookPuppet(), ScriptedMarket()
    broken.error = ZeroDivisionError("division by zero")
    healthy.opinion = long()
    desk = Desk([broken, healthy], settings=config([broken, healthy], weight=0.15))
    for event in (*market.history(), *market.begin()):
        desk.feed(event)
    desk.open(market.now)
    market.now = desk.now
    audits = desk.feed(market.bar())
    note = of(Noted, audits)[0]
    assert note.text == "puppet is switched off: ZeroDivisionError: division by zero"
    planned = [d for event in market.move(1) for d in of(OrderPlanned, desk.feed(event))]
    assert planned[0].intent.strategy == "book-puppet"
    desk.feed(market.bar())
    assert len(broken.asked) == 1


def test_what_a_broken_strategy_holds_can_still_be_flattened() -> None:
    scene = Scene().hold()
    scene.puppet.error = RuntimeError("no")
    scene.bar()
    scene.desk.command(Kill("flatten", "broken"))
    scene.tick(3)
    assert scene.position == 0
