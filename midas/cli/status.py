"""`midas status`: how the engine is, in lines for a person or as JSON for a program."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterator
from math import fsum
from pathlib import Path

import msgspec

from midas.assembly.access import sockets
from midas.cli.absence import absent, silent, span
from midas.cli.guard_word import guard_of
from midas.cli.leavings import facts as left_facts
from midas.cli.leavings import leavings
from midas.cli.leavings import rows as left_rows
from midas.cli.options import home_from
from midas.cli.running import LOCK, running
from midas.cli.supervision import supervisor
from midas.domain.time import clock_text
from midas.errors import LinkClosed, NotRunning
from midas.runtime.link import SocketLink
from midas.state.snapshot import Snapshot
from midas.state.views.account import AccountView
from midas.state.views.health import HealthView
from midas.state.views.mode import GateView
from midas.state.views.orders import OrderView, PositionView
from midas.state.views.signals import StrategyView
from midas.store.latch import LATCH, KillLatch
from midas.store.lock import InstanceLock

UNKNOWN = "not known yet"
EXTERNAL = "EXTERNAL"  # the status of an order that isn't ours
QUANTITY_DECIMALS = 8  # the finest lot of the venues
Row = tuple[str, str]  # the word on the left (empty: it goes on), what is said of it


def status(args: Namespace) -> int:
    """Print it; of an engine that has ended what it left.

    Raises NotRunning with how it ended, LinkClosed where a live one is silent.
    """
    home = home_from(args)
    try:
        pid = running(home).pid
    except NotRunning as error:
        return _ended(args, home, NotRunning(absent(home, error)))
    snapshot = _snapshot(home, pid)
    latched = KillLatch(home / LATCH).is_set
    if args.json:
        print(json.dumps(facts(snapshot, latched) | _processes(home, pid)))
    else:
        print("\n".join(f"{word:<11} {text}".rstrip() for word, text in rows(snapshot, latched, home, pid)))
    return 0


def _ended(args: Namespace, home: Path, error: NotRunning) -> int:
    """What the last session left, and the exit code of an engine that doesn't run. Raises NotRunning."""
    if _there(home):
        raise error
    found = leavings(home)
    if args.json:
        told = left_facts(found) if found.session else None
        print(json.dumps({"error": type(error).__name__, "sentence": str(error), "left": told}))
        return error.exit_code
    for word, text in left_rows(found):
        print(f"{word:<11} {text}")
    raise error


def _there(home: Path) -> bool:
    """Whether an engine is starting or ending: its journal is being written."""
    try:
        return InstanceLock(home / LOCK).held()
    except OSError:
        return True


def _snapshot(home: Path, pid: int) -> Snapshot:
    link = SocketLink(sockets(home)[0], hz=0)
    link.start()
    try:
        return link.wait_for_snapshot()
    except LinkClosed as error:
        raise LinkClosed(silent(home, pid, error)) from None
    finally:
        link.close()


def rows(snapshot: Snapshot, latched: bool, home: Path, pid: int) -> Iterator[Row]:
    """Each line: its word, and what is said; `pid` is the engine's."""
    now, mode, health = snapshot.built_at, snapshot.mode, snapshot.health
    set_by = f"by {mode.set_by}, {span(now - mode.since_at)} ago: {mode.cause}"
    yield "mode", f"{mode.mode} in {snapshot.environment}, {set_by}"
    yield "latch", _latch(snapshot, latched)
    for number, line in enumerate(snapshot.kill.report):
        yield ("" if number else "kill"), line
    yield "account", _account(snapshot, snapshot.money)
    yield "money", _money(snapshot.money)
    yield from _listed("P&L", list(_results(snapshot)))
    yield from _listed("positions", list(_positions(snapshot)))
    yield from _listed("orders", [_order(order, snapshot) for order in snapshot.orders])
    yield from _listed("external", [_order(order, snapshot) for order in snapshot.foreign], none="")
    yield from _listed("alarms", [f"{a.severity}: {a.text} - {a.advice}" for a in snapshot.alarms])
    yield from _listed("gates", [_gate(gate) for gate in snapshot.gates])
    yield from _listed("strategies", [_strategy(strategy) for strategy in snapshot.strategies])
    yield "feeds", _feeds(health)
    stale = [s for s in health.streams if s.age_ms > s.stale_ms > 0]
    yield from _listed("stale", [f"{s.name}: {span(int(s.age_ms * 1e6))} old" for s in stale], none="")
    yield from _listed("processes", _process_lines(snapshot, home, pid))
    yield "consoles", f"{health.clients} attached" if health.clients else "none attached"
    yield (
        "session",
        f"{snapshot.session}, sequence {snapshot.sequence}, on {snapshot.venue} {snapshot.account}",
    )


def _listed(word: str, lines: list[str], none: str = "none") -> Iterator[Row]:
    """Each on a line of its own; `none` empty: nothing is said where there is nothing."""
    if not lines and none:
        yield word, none
    for number, line in enumerate(lines):
        yield ("" if number else word), line


def _gate(gate: GateView) -> str:
    return f"{gate.scope}: {gate.reason}" + (f" - `{gate.opens}` reviews it" if gate.opens else "")


def _latch(snapshot: Snapshot, on_disk: bool) -> str:
    kill = snapshot.kill
    if not kill.latched:
        return "set on the disk, the engine is about to hear of it" if on_disk else "not set"
    why = f": {kill.reason}" if kill.reason else ""
    missing = "" if on_disk else " (NOT on the disk)"
    return (
        f"HALTED, level {kill.level}, by {kill.by} at {clock_text(kill.tripped_at)} UTC{why}{missing}; "
        "`midas resume REASON` reviews it"
    )


def _account(snapshot: Snapshot, money: AccountView) -> str:
    if snapshot.recovering:
        return "being reconciled: nothing is traded yet"
    age = f"{span(snapshot.built_at - money.reconciled_at)} ago" if money.reconciled_at else "never"
    if _behind(snapshot):
        return f"NOT KNOWN NOW: the user stream was down and no pass has come back since; the last one: {age}"
    word = "reconciled" if money.reconciled else "NOT RECONCILED"
    return f"{word} {age}: {money.reconcile_detail}"


def _behind(snapshot: Snapshot) -> bool:
    """Whether what the last pass found is too old to be told as how it is."""
    return snapshot.reconciliation.state == "STREAM_RECONCILING"


def _money(money: AccountView) -> str:
    share = f"drawdown {_number(money.drawdown * 100, 2)} % of {money.drawdown_max * 100:g} %"
    return f"equity {_number(money.equity)} {money.currency}, {share}"


def _results(snapshot: Snapshot) -> Iterator[str]:
    """Each figure with its beginning, and whether fees are in it; the words are the console's."""
    money = snapshot.money
    session, day = _signed(money.pnl), _signed(money.pnl_day)
    yield f"{session} this session, {day} today: of equity, open positions and fees in it"
    opened = fsum(p.unrealised for p in snapshot.positions if p.quantity)
    fees = f"after fees of {_number(money.fees)}"
    held = "uP&L of what is held, since its entry and before fees"
    yield f"session: realised {_signed(money.realised)} {fees}; {held}: {_signed(opened)}"


def _positions(snapshot: Snapshot) -> Iterator[str]:
    """Too little to be sold is no position."""
    held = [p for p in snapshot.positions if p.quantity]
    yield from (_position(p, snapshot) for p in held if not p.dust)
    for gone in (p for p in held if p.gone > 0):
        what = f"{_exactly(gone.gone)} {_name(snapshot, gone.instrument)} of {gone.strategy}"
        act = f"midas close {_name(snapshot, gone.instrument)} --strategy {gone.strategy}"
        yield f"not in the account any more: {what}; `{act}` takes it out of its book"
    dust = [p for p in held if p.dust and not p.gone]
    left = ", ".join(f"{_exactly(p.quantity)} {_name(snapshot, p.instrument)} of {p.strategy}" for p in dust)
    if left:
        yield f"dust, too little to be sold: {left}"


def _position(position: PositionView, snapshot: Snapshot) -> str:
    side = "LONG" if position.quantity > 0 else "SHORT"
    return (
        f"{_name(snapshot, position.instrument)} {side} {_exactly(abs(position.quantity))} @ "
        f"{_number(position.average_price)}, mark {_number(position.mark)}, worth {_number(position.value)}, "
        f"uP&L {_signed(position.unrealised)}, {position.strategy}"
    )


def _order(order: OrderView, snapshot: Snapshot) -> str:
    age = span(snapshot.built_at - order.created_at)
    at = f" @ {_number(order.price)}" if order.price == order.price and order.price else ""
    whose = f"{order.purpose.lower()} of {order.strategy}" if order.status != EXTERNAL else order.reason
    return (
        f"{order.short_id} {order.side} {_exactly(order.quantity)} {_name(snapshot, order.instrument)}{at} "
        f"{order.type} {order.status}, {_exactly(order.filled)} filled, "
        f"{whose}, {age} old"
    )


def _strategy(strategy: StrategyView) -> str:
    fills = f"{strategy.fills} fill{'s' if strategy.fills > 1 else ''}"
    done = f", session: {fills}, realised {_signed(strategy.realised)} after fees" if strategy.fills else ""
    return f"{strategy.name} {strategy.state}{done}" + (f": {strategy.detail}" if strategy.detail else "")


def _feeds(health: HealthView) -> str:
    market = "connected" if health.feed_connected else "DOWN"
    user = "connected" if health.user_stream_connected else "DOWN"
    age, late = span(int(health.feed_age_ms * 1e6)), _number(health.feed_latency_ms, 1)
    return (
        f"market {market}, {age} old, {late} ms late; "
        f"user stream {user}; clock {_signed(health.clock_offset_ms, 0)} ms; "
        f"{health.gaps} gaps, {health.resyncs} books fetched"
    )


def _process_lines(snapshot: Snapshot, home: Path, pid: int) -> list[str]:
    found = supervisor(home)
    # The supervisor's own word, below, tells more of it than its figures.
    taken = {p.name: p for p in snapshot.health.processes if found is None or p.pid != found.pid}
    taken.pop("guard", None)  # as is its word
    lines = []
    for name, process in taken.items():
        up = span(snapshot.built_at - process.started_at)
        cpu = f", {process.cpu_percent:.0f} % of a core" if process.cpu_percent == process.cpu_percent else ""
        lines.append(f"{name} {process.pid}, up {up}, {process.rss_mb:.0f} MB{cpu}")
    if "engine" not in taken:
        lines.append(f"engine {pid}, up {span(snapshot.built_at - snapshot.health.started_at)}")
    if found is None:
        lines.append("no supervisor: nobody starts the engine again after a crash")
    else:
        restarts = f"crashes so far: {found.crashes}" if found.crashes else "no crash so far"
        lines.append(f"supervisor {found.pid}, up {span(snapshot.built_at - found.since)}, {restarts}")
    lines.append(_guard_line(home, snapshot.built_at))
    return lines


def _guard_line(home: Path, now: int) -> str:
    found = guard_of(home)
    if found is None:
        return "no guard: nobody acts where the engine hangs"
    acted = f"; acted {span(now - found.acted_at)} ago: {found.outcome}" if found.acted_at else ""
    does = f"{found.level} after {found.patience_s:g} s without a step"
    return f"guard {found.pid}, up {span(now - found.since)}, {does}{acted}"


def _processes(home: Path, pid: int) -> dict[str, object]:
    found, guard = supervisor(home), guard_of(home)
    return {
        "engine_pid": pid,
        "supervisor_pid": found.pid if found is not None else None,
        "crashes": found.crashes if found is not None else None,
        "guard_pid": guard.pid if guard is not None else None,
        "guard_acted_at": guard.acted_at if guard is not None else None,
    }


def facts(snapshot: Snapshot, latch_on_disk: bool) -> dict[str, object]:
    """The same for a program."""
    money, counts, health = snapshot.money, snapshot.counts, snapshot.health
    return {
        "environment": snapshot.environment,
        "mode": snapshot.mode.mode,
        "mode_by": snapshot.mode.set_by,
        "mode_cause": snapshot.mode.cause,
        "latched": snapshot.kill.latched,
        "latch_on_disk": latch_on_disk,
        "recovering": snapshot.recovering,
        "session": snapshot.session,
        "sequence": snapshot.sequence,
        "account": snapshot.account,
        "equity": _rounded(money.equity),
        "pnl": _rounded(money.pnl),
        "pnl_day": _rounded(money.pnl_day),
        "realised": _rounded(money.realised),
        "unrealised": _rounded(fsum(p.unrealised for p in snapshot.positions if p.quantity)),
        "fees": _rounded(money.fees),
        "drawdown": _rounded(money.drawdown),
        "positions": [msgspec.to_builtins(p) for p in snapshot.positions if p.quantity],
        "open_orders": len(snapshot.orders),
        "external_orders": len(snapshot.foreign),
        "orders_unknown": health.orders_unknown,
        "fills": counts.fills,
        "refusals": counts.refusals,
        "reconciled": money.reconciled and not _behind(snapshot),
        "feed_connected": health.feed_connected,
        "feed_age_ms": _rounded(health.feed_age_ms),
        "alarms": [msgspec.to_builtins(alarm) for alarm in snapshot.alarms],
        "kill_report": list(snapshot.kill.report),
    }


def _name(snapshot: Snapshot, instrument: str) -> str:
    return next((v.name for v in snapshot.instruments if v.id == instrument), instrument.partition(".")[0])


def _rounded(value: float) -> float | None:
    return round(value, 8) if value == value else None


def _number(value: float, decimals: int = 2) -> str:
    return f"{_whole(value, decimals):,.{decimals}f}" if value == value else UNKNOWN


def _signed(value: float, decimals: int = 2) -> str:
    return f"{_whole(value, decimals):+,.{decimals}f}" if value == value else UNKNOWN


def _exactly(quantity: float) -> str:
    """In plain decimals, without trailing zeros."""
    return f"{quantity:.{QUANTITY_DECIMALS}f}".rstrip("0").rstrip(".")


def _whole(value: float, decimals: int) -> float:
    """Rounded, and never a zero with a minus."""
    return round(value, decimals) + 0.0
