"""What no fill explains is folded from the journal alone, whatever the market was at that moment."""

from __future__ import annotations

from decimal import Decimal

from midas.domain.carry import Carried
from midas.domain.command import AcceptBreak
from midas.domain.event import MARKET_EVENTS, FlowSeen
from midas.domain.time import SECOND
from midas.engine.audit import encode
from midas.engine.build import build_engine
from midas.runtime.records import AUDIT, EVENT, Header, encode_event
from midas.runtime.replay import Row, fold_ledger
from midas.runtime.watching import Watch
from tests.engine.scene import Scene
from tests.fakes.desk import BTC


def folded(scene: Scene) -> Carried:
    """The session's ledger as the next start reads it."""
    desk, rows = scene.desk, list[Row]()
    audits = {audit.sequence: audit for audit in desk.audits}
    for sequence, event in enumerate(desk.fed, 1):
        if type(event) not in MARKET_EVENTS:
            rows.append(Row(sequence, EVENT, encode_event(event)))
        if (audit := audits.get(sequence)) is not None:
            rows.append(Row(sequence, AUDIT, encode(audit)))
    header = Header("session-1", 0, "0", "", "", desk.settings, "binance", "account-1", "SIM", "test", 1.0)
    return fold_ledger(header, rows)


def money(carried: Carried) -> tuple[object, ...]:
    return carried.balances, carried.sleeves, carried.adjustments, carried.accepted, carried.inferred


def watched(scene: Scene) -> list[str]:
    """What the second opinion on the books says of the same session, decided once more."""
    desk = scene.desk
    engine = build_engine(desk.settings, [scene.puppet])
    watch, told = Watch(engine.state), []
    for sequence, event in enumerate(desk.fed, 1):
        audit = engine.step(sequence, event)
        if type(event) not in MARKET_EVENTS and (sentence := watch.after(event, audit)):
            told.append(sentence)
    return told


def test_the_second_opinion_has_nothing_against_flows_of_any_asset() -> None:
    scene = Scene()
    desk = scene.desk
    for number, (asset, amount) in enumerate((("BTC", "0.5"), ("USDT", "7"), ("BTC", "-0.2"), ("DOGE", "3"))):
        change = Decimal(amount)
        desk.venue.balances[asset] = desk.venue.balances.get(asset, Decimal(0)) + change
        desk.feed(FlowSeen(asset, change, number, desk.now))
        scene.tick(2)
    desk.venue.balances["BTC"] += Decimal("0.000004")
    desk.venue.balances["USDT"] -= 1
    scene.tick(62)
    desk.command(AcceptBreak("USDT"))
    assert desk.command(AcceptBreak("USDT", "by hand", confirmed=True)).accepted
    scene.tick(62)
    assert desk.state.reconciled
    assert watched(scene) == []


def test_flows_dust_and_acceptances_fold_from_the_journal() -> None:
    scene = Scene().hold()
    venue, desk = scene.desk.venue, scene.desk
    venue.balances["USDT"] += 500
    desk.feed(FlowSeen("USDT", Decimal(500), SECOND, desk.now))
    venue.balances["BTC"] -= Decimal("0.000004")
    scene.tick(62)
    venue.balances["BTC"] -= Decimal("0.01")
    scene.tick(62)
    desk.command(AcceptBreak("BTC"))
    assert desk.command(AcceptBreak("BTC", "sold by hand", confirmed=True)).accepted
    scene.tick(62)
    carried = desk.state.carried()
    assert desk.state.reconciled
    assert carried.adjustments.keys() == {BTC.id}
    assert money(folded(scene)) == money(carried)
