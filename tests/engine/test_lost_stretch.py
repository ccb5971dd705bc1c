"""A start from a journal whose end is lost: what happened meanwhile comes from the venue."""

from __future__ import annotations

import msgspec

from midas.domain.carry import Carried
from midas.domain.decision import Reconciled
from midas.domain.mode import Mode
from midas.engine.effect import SubmitOrder, WithdrawOrder
from midas.state.state import EXTERNAL
from tests.engine.scene import Scene, of
from tests.fakes.desk import BTC, Desk
from tests.fakes.strategy import Puppet, long


def after(scene: Scene, carried: Carried) -> Desk:
    """The engine that starts from what is left of the journal, on the account as it is."""
    return Desk([Puppet()], venue=scene.desk.venue).open(scene.market.now, carried)


def test_fills_whose_orders_are_lost_are_booked_as_external_and_both_sides_are_equal() -> None:
    scene = Scene()
    left = scene.desk.state.carried()
    scene.hold()
    desk = after(scene, left)
    assert desk.state.reconciled
    assert desk.state.ledger.sleeve(EXTERNAL, BTC.id).quantity == scene.position
    assert desk.state.ledger.sleeve(scene.puppet.name, BTC.id).quantity == 0
    assert desk.state.ledger.balances == scene.desk.state.ledger.balances


def test_an_order_whose_intent_is_lost_is_withdrawn() -> None:
    scene = Scene()
    left = scene.desk.state.carried()
    scene.say(long())
    [lost] = scene.desk.state.orders.open
    desk = after(scene, left)
    assert lost in [e.client_id for a in desk.audits for e in a.effects if isinstance(e, WithdrawOrder)]
    assert scene.desk.venue.orders[lost].reason is not None


def test_without_any_ledger_the_balances_are_opened_at_the_venue() -> None:
    scene = Scene()
    scene.hold()
    desk = after(scene, Carried())
    assert desk.state.reconciled
    assert desk.state.ledger.balances == scene.desk.state.ledger.balances


def test_nothing_is_sent_before_two_passes_are_equal_nor_after_it_in_observation() -> None:
    scene = Scene()
    left = msgspec.structs.replace(scene.desk.state.carried(), mode=Mode.OBSERVATION.value)
    scene.hold()
    desk = after(scene, left)
    assert [done.equal for done in of(Reconciled, desk.audits)][-2:] == [True, True]
    assert not [e for a in desk.audits for e in a.effects if isinstance(e, SubmitOrder)]
    assert desk.state.control.mode is Mode.OBSERVATION
