"""Engines that die and engines that are stopped: the next one continues, and a kill stays a kill."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

from midas.domain.decision import FillBooked, OrderPlanned, Reconciled
from midas.domain.event import AccountReported, SessionOpened
from tests.e2e.conftest import ENDLESS, RUN
from tests.e2e.desk import ProcessDesk, decisions, events, finished, last_line, until


def test_after_kill_9_the_next_engine_adopts_what_is_there_and_ends_reconciled(desk: ProcessDesk) -> None:
    engine = desk.start(*ENDLESS)
    desk.comes_up()
    until(lambda: stopped_with_an_order(desk, engine), "an order open at the exchange", 120.0, pause=0.01)
    engine.send_signal(signal.SIGKILL)
    finished(engine)
    left = desk.market()
    assert desk.asked("status")[0] == 2
    outcome = desk.facts(*ENDLESS[:-1], "--duration", "3")
    assert desk.market()["instance"] == left["instance"]
    assert outcome["reconciled"] is True
    dead, alive = desk.sessions()
    _assert_adopted(dead, alive)
    assert all(desk.told("replay", session.name, "--verify") for session in (dead, alive))


def stopped_with_an_order(desk: ProcessDesk, engine: subprocess.Popen[str]) -> bool:
    """Whether an order rests whose end the engine can't know: it stands still then, and else goes on."""
    if not desk.market()["orders_open"]:
        return False
    engine.send_signal(signal.SIGSTOP)
    if desk.market()["orders_open"]:
        return True
    engine.send_signal(signal.SIGCONT)
    return False


def _assert_adopted(dead: Path, alive: Path) -> None:
    """Open orders are known and followed to their end, and every trade that the venue lists is booked once.

    Only stops outlast a session: at its end nothing else rests at the venue.
    """
    happened = events(alive)
    opened, decided = happened[0], decisions(dead)
    assert isinstance(opened, SessionOpened)
    assert opened.carried.from_session == dead.name
    planned = {one.intent.client_id for one in decided if isinstance(one, OrderPlanned)}
    carried = {order.intent.client_id for order in opened.carried.orders}
    assert carried
    assert carried <= planned
    passes = [event for event in happened if isinstance(event, AccountReported)]
    assert passes[0].purpose == "start"
    seen = {order.client_id for order in (*passes[0].open_orders, *passes[0].queried)}
    assert carried == (seen | set(passes[0].absent)) & planned
    booked = [one.trade_id for one in decided + decisions(alive) if isinstance(one, FillBooked)]
    assert len(booked) == len(set(booked))
    assert {trade.fill.trade_id for one in passes for trade in one.trades} <= set(booked)
    assert all(order.untriggered for order in passes[-1].open_orders)
    assert [one for one in decisions(alive) if isinstance(one, Reconciled)][-1].equal


def test_a_kill_is_in_force_at_once_and_takes_two_steps_to_release(desk: ProcessDesk) -> None:
    engine = desk.start(*ENDLESS)
    desk.comes_up()
    killed = desk.told("kill", "--reason", "drill")
    assert killed["latched"]
    assert (desk.home / "kill.latch").exists()
    status = desk.status()
    assert (status["mode"], status["latched"], status["latch_on_disk"]) == ("PAUSE", True, True)
    assert any("HALT by" in line and "drill" in line for line in status["kill_report"])
    code, refused = desk.asked("mode", "normal", "--reason", "x", "--confirm")
    assert code == 5
    assert "kill latch" in refused["sentence"]
    review = desk.told("resume", "checked")
    assert "stopped by" in review["sentence"]
    assert (desk.home / "kill.latch").exists()
    desk.told("resume", "checked", "--confirm")
    assert not (desk.home / "kill.latch").exists()
    assert desk.status()["mode"] == "OBSERVATION"
    running = desk.told("replay", "last", "--verify")
    assert any("still running" in note for note in running["notes"])
    desk.told("stop")
    assert finished(engine).returncode == 0


def test_a_latch_set_while_nothing_runs_keeps_the_next_engine_from_trading(desk: ProcessDesk) -> None:
    assert "the next one finds it" in desk.told("kill", "--reason", "overnight")["sentence"]
    outcome = desk.facts(*RUN, "--duration", "2")
    assert (outcome["mode"], outcome["orders"]) == ("PAUSE", 0)
    engine = desk.start(*ENDLESS)
    desk.comes_up()
    assert "overnight" in desk.told("resume", "morning")["sentence"]
    assert (desk.home / "kill.latch").exists()
    assert desk.told("resume", "morning", "--confirm")["accepted"]
    assert not (desk.home / "kill.latch").exists()
    desk.told("stop")
    assert finished(engine).returncode == 0


def test_a_second_engine_of_the_same_home_is_refused_with_the_first_one_s_process(desk: ProcessDesk) -> None:
    engine = desk.start(*ENDLESS)
    desk.comes_up()
    second = desk.run(*ENDLESS, "--duration", "2")
    assert second.returncode == 2
    assert f"process {engine.pid}" in last_line(second.stdout)["sentence"]
    engine.kill()
