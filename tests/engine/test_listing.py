"""The venue changes its rules, or stops trading something, while the engine runs."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from midas.domain.decision import OrderPlanned
from midas.domain.event import OrderRejected, RulesRead, Ticked
from midas.domain.market import FeedStatus
from midas.domain.time import SECOND
from midas.engine.audit import Audit
from midas.engine.effect import ReadRules
from midas.runtime.records import EVENT, HEADER, Header, encode_event, encode_header
from midas.runtime.replay import Row, fold_ledger
from tests.engine.scene import Scene, of
from tests.fakes.desk import BTC, Desk
from tests.fakes.scripted_market import ScriptedMarket
from tests.fakes.strategy import Puppet, long

COARSE = msgspec.structs.replace(
    BTC, lot_size=Decimal("0.001"), quantity_min=Decimal("0.001"), notional_min=Decimal(10)
)


def asked(audits: list[Audit]) -> list[str]:
    return [e.instrument for a in audits for e in a.effects if isinstance(e, ReadRules)]


def test_a_refusal_by_a_filter_reads_the_rules_anew_and_the_next_order_follows_them(scene: Scene) -> None:
    scene.desk.venue.listed[BTC.id] = RulesRead(BTC.id, "", COARSE, 0)
    audits = scene.say(long())
    assert asked(audits) == [BTC.id]
    changed = "the venue changed its rules: lot 0.00001 -> 0.001, least quantity 0.00001 -> 0.001, "
    assert len(scene.notes(f"{changed}least value 5 -> 10; new orders follow them")) == 1
    (order,) = of(OrderPlanned, scene.tick(2))
    assert not order.intent.quantity % COARSE.lot_size
    assert [o.status for o in scene.desk.state.orders.open.values()] == ["OPEN"]


def test_a_changed_rule_leaves_what_rests_alone(scene: Scene) -> None:
    scene.say(long())
    (resting,) = scene.desk.state.orders.open
    scene.desk.feed(RulesRead(BTC.id, "", COARSE, scene.desk.now))
    scene.tick()
    assert list(scene.desk.state.orders.open) == [resting]
    assert not scene.desk.state.orders.open[resting].pending_cancel


def test_other_ticks_hide_the_book_until_it_is_joined_anew_and_the_mark_stays(scene: Scene) -> None:
    market = scene.desk.state.markets[BTC.id]
    before, coarse = market.mark, msgspec.structs.replace(BTC, tick_size=Decimal("0.10"))
    scene.desk.feed(RulesRead(BTC.id, "", coarse, scene.desk.now))
    assert not market.book_valid
    assert abs(market.mark - before) <= 0.1
    assert market.bid_price <= before <= market.ask_price
    assert scene.desk.picture().instruments[0].tick_size == 0.1


def test_a_venue_that_goes_on_refusing_is_asked_once_in_ten_seconds(scene: Scene) -> None:
    scene.desk.venue.listed[BTC.id] = RulesRead(BTC.id, "", BTC, 0)
    scene.say(long())
    (client_id,) = scene.desk.state.orders.open
    refusal = OrderRejected(client_id, -1013, "Filter failure", scene.desk.now, rules=True)
    assert len(asked(scene.desk.feed(refusal))) == 1
    assert asked(scene.desk.feed(refusal)) == []
    assert asked(scene.tick(8)) == []
    assert len(asked(scene.tick(8))) == 1


def test_a_question_without_an_answer_is_asked_again(scene: Scene) -> None:
    scene.say(long())
    (client_id,) = scene.desk.state.orders.open
    scene.desk.feed(OrderRejected(client_id, -1013, "Filter failure", scene.desk.now, rules=True))
    assert len(asked(scene.tick(25))) == 2


def test_a_refusal_for_want_of_money_reads_nothing(scene: Scene) -> None:
    scene.desk.venue.refusing = "insufficient balance"
    assert asked([*scene.say(long()), *scene.tick(20)]) == []


def test_a_halted_instrument_takes_no_new_risk_until_it_trades_again(scene: Scene) -> None:
    scene.desk.venue.listed[BTC.id] = RulesRead(BTC.id, "HALT", BTC, 0)
    scene.say(long())
    assert "doesn't trade at the venue (HALT)" in scene.desk.state.control.gates[BTC.id].reason
    assert not of(OrderPlanned, [*scene.bar(), *scene.tick(15)])
    scene.desk.venue.listed[BTC.id] = RulesRead(BTC.id, "", BTC, 0)
    scene.tick(20)
    assert BTC.id not in scene.desk.state.control.gates
    assert len(scene.notes("trades again")) == 1


def test_a_delisted_instrument_closes_its_gate(scene: Scene) -> None:
    scene.desk.feed(RulesRead(BTC.id, "not listed", None, scene.desk.now))
    assert "not listed" in scene.desk.state.control.gates[BTC.id].reason
    assert scene.desk.state.instruments[BTC.id] == BTC


def test_what_changed_is_in_the_journal_for_whoever_reads_it_alone(scene: Scene) -> None:
    header = Header("s", 0, "0", "", "", scene.desk.settings, "binance", "a", "SIM", "", 1.0)
    event = RulesRead(BTC.id, "", COARSE, 1)
    rows = [Row(0, HEADER, encode_header(header)), Row(1, EVENT, encode_event(event))]
    assert fold_ledger(header, rows[1:]).relisted == (COARSE,)


def test_an_instrument_that_falls_silent_is_asked_about(scene: Scene) -> None:
    silent = {f"{BTC.symbol.lower()}@depth@100ms": 4 * SECOND}
    scene.desk.venue.listed[BTC.id] = RulesRead(BTC.id, "BREAK", BTC, 0)
    audits = []
    for _ in range(20):
        scene.market.now += SECOND
        audits += scene.desk.feed(Ticked(scene.market.now, 0, silent))
    assert asked(audits) == [BTC.id]
    assert "(BREAK)" in scene.desk.state.control.gates[BTC.id].reason


def test_a_market_that_is_down_is_no_reason_to_ask(scene: Scene) -> None:
    scene.desk.feed(FeedStatus("binance", "market", scene.desk.now, False))
    silent = {f"{BTC.symbol.lower()}@depth@100ms": 4 * SECOND}
    audits = []
    for _ in range(20):
        scene.market.now += SECOND
        audits += scene.desk.feed(Ticked(scene.market.now, 0, silent))
    assert asked(audits) == []


def test_a_desk_that_starts_while_its_instrument_is_halted_starts_with_a_closed_gate() -> None:
    desk, market = Desk([Puppet()]), ScriptedMarket()
    desk.feed(RulesRead(BTC.id, "HALT", BTC, market.now))
    desk.open(market.now)
    desk.tick(desk.now + SECOND)
    assert not desk.state.recovering
    assert "(HALT)" in desk.state.control.gates[BTC.id].reason
