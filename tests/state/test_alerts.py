"""Price alerts: fired once by a print from the right side, kept until dropped."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from midas.domain.command import Acknowledge, AddAlert, DropAlert
from midas.domain.market import Trade
from midas.state.alerts import ALERTS_MAX
from midas.state.state import State
from tests.fakes.nouns import BTC, ETH, START, desk

OTHER = msgspec.structs.replace(BTC, base="XRP", symbol="XRPUSDT")


@pytest.fixture
def state() -> State:
    made = desk(BTC, ETH)
    trade(made, 100_00)
    return made


def trade(state: State, ticks: int) -> list[int]:
    """A print; the ids of the alerts that it fires."""
    event = Trade(BTC.id, START, START, ticks, 1, False, 1)
    state.on_trade(event)
    if BTC.id not in state.alerts.waiting:
        return []
    return [a.id for a in state.alerts.on_trade(BTC.id, ticks, START + ticks)]


def add(state: State, price: str, instrument: str = BTC.id) -> tuple[bool, str]:
    return state.alerts.obey(AddAlert(instrument, price), "ops", START, state.markets)


def test_an_alert_fires_once_when_the_price_reaches_it_from_below_or_from_above(state: State) -> None:
    assert add(state, "101")[0]
    assert add(state, "99.5")[0]
    assert trade(state, 100_99) == []
    assert trade(state, 101_00) == [1]
    assert trade(state, 102_00) == []
    assert trade(state, 90_00) == [2]
    assert state.alerts.waiting == {}
    assert [a.fired_at - START for a in state.alerts.all] == [101_00, 90_00]


def test_a_level_between_two_ticks_fires_at_the_first_tick_beyond_it(state: State) -> None:
    add(state, "101.004")
    assert trade(state, 101_00) == []
    assert trade(state, 101_01) == [1]


def test_the_answer_says_what_is_waited_for(state: State) -> None:
    assert add(state, "101", "btc-usdt") == (True, "alert 1: when BTC-USDT rises to 101 (last 100.00)")


@pytest.mark.parametrize("price", ["", "ten", "NaN", "-1", "0", "100", "Infinity"])
def test_a_level_that_cannot_be_reached_is_refused_with_a_sentence(state: State, price: str) -> None:
    accepted, sentence = add(state, price)
    assert not accepted
    assert sentence
    assert state.alerts.all == ()


def test_nobody_alerts_on_what_has_no_price_or_is_not_traded(state: State) -> None:
    assert add(state, "10", ETH.id) == (False, "ETH-USDT has no last price yet: try again once it trades")
    accepted, sentence = add(state, "10", "DOGE-USDT")
    assert not accepted
    assert "BTC-USDT, ETH-USDT" in sentence


def test_dropped_is_forgotten_and_its_number_is_never_used_again(state: State) -> None:
    add(state, "101")
    assert state.alerts.obey(DropAlert(1), "ops", START, state.markets) == (True, "alert 1 dropped")
    assert not state.alerts.obey(DropAlert(1), "ops", START, state.markets)[0]
    assert trade(state, 200_00) == []
    add(state, "300")
    assert [a.id for a in state.alerts.all] == [2]


def test_only_what_fired_can_be_acknowledged(state: State) -> None:
    add(state, "101")
    add(state, "150")
    state.alerts.obey(Acknowledge(""), "ops", START, state.markets)
    assert [a.acknowledged for a in state.alerts.all] == [False, False]
    trade(state, 101_00)
    assert state.alerts.obey(Acknowledge("alert:1"), "ops", START, state.markets)[0]
    assert [a.acknowledged for a in state.alerts.all] == [True, False]
    assert not state.alerts.obey(Acknowledge("alert:9"), "ops", START, state.markets)[0]


def test_a_restart_keeps_alerts_and_carries_those_of_markets_that_are_away(state: State) -> None:
    add(state, "101")
    carried = state.carried()
    away = msgspec.structs.replace(carried.alerts[0], id=2, instrument=OTHER.id)
    later = desk()
    later.alerts.restore((*carried.alerts, away), 2)
    assert trade(later, 101_00) == [1]
    assert [a.id for a in later.carried().alerts] == [1, 2]
    assert later.carried().alert_last == 2
    assert later.carried().alerts[0].price == Decimal(101)


def test_there_is_an_end_to_how_many_alerts_one_can_set(state: State) -> None:
    for number in range(ALERTS_MAX):
        assert add(state, str(101 + number))[0]
    assert not add(state, "1000")[0]
