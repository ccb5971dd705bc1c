"""`midas kpi`: the key figures against their goals, how sure they are, and what a wished-for return asks."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterator
from math import isfinite
from pathlib import Path

import msgspec

from midas.assembly.access import sockets
from midas.assembly.config import goals
from midas.assembly.inherit import left_by
from midas.cli.absence import silent
from midas.cli.options import settings_from
from midas.cli.running import running
from midas.domain.time import iso
from midas.engine.kpis import evidence_left, kpis_view
from midas.errors import LinkClosed, NotRunning, SchemaNewer, SessionUnknown
from midas.runtime.link import SocketLink
from midas.settings import Settings
from midas.state.views.account import KpisView, KpiView
from midas.statistics.kpis import key_figures
from midas.statistics.targets import implied, target_text
from midas.store import sessions

CAP = 99.0  # a ratio without losses has no end


def kpi(args: Namespace) -> int:
    """Print them: of the running engine, else as the last session left them. Raises MidasError."""
    settings = settings_from(args)
    view, source, as_of = _found(settings)
    cap = settings.risk.sizing.volatility_target_annual
    if args.json:
        told = {"source": source, "as_of": as_of, **facts(view), **_target(args.target, cap)}
        print(json.dumps(told))
        return 0
    print("\n".join(lines(view, source, as_of)))
    if args.target is not None:
        print(f"\ntarget: {target_text(args.target, cap)}")
    return 0


def _found(settings: Settings) -> tuple[KpisView, str, int]:
    """The figures, whose they are, and of which moment (wall time; 0: not known)."""
    home = settings.home
    try:
        pid = running(home).pid
    except NotRunning:
        return _left(home, settings)
    link = SocketLink(sockets(home)[0], hz=0)
    link.start()
    try:
        snapshot = link.wait_for_snapshot()
    except LinkClosed as error:
        raise LinkClosed(silent(home, pid, error)) from None
    finally:
        link.close()
    return snapshot.kpis, f"session {snapshot.session}, running", snapshot.built_at


def _left(home: Path, settings: Settings) -> tuple[KpisView, str, int]:
    try:
        directory = sessions.newest(home)
    except SessionUnknown:
        return KpisView(), "no session: there is none in this home yet", 0
    try:
        session = left_by(directory)
    except msgspec.MsgspecError as error:
        raise SchemaNewer(f"session {directory.name} holds what this midas doesn't know ({error})") from None
    found = evidence_left(session.carried)
    view = kpis_view(key_figures(found, goals(settings.risk.kpis)), found, session.found.at)
    return view, f"session {directory.name}, which has ended", session.found.at


def facts(view: KpisView) -> dict[str, object]:
    """For a program: what isn't known, or has no end, is null."""
    return {key: _plain(value) for key, value in msgspec.to_builtins(view).items()}


def _plain(value: object) -> object:
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def _target(target: float | None, cap: float) -> dict[str, object]:
    if target is None:
        return {}
    found = implied(target, cap)
    return {
        "target": {
            "return": target, "sharpe": _plain(found.sharpe), "volatility": _plain(found.volatility),
            "volatility_cap": cap, "sentence": target_text(target, cap),
        }
    }  # fmt: skip


def lines(view: KpisView, source: str, as_of: int = 0) -> Iterator[str]:
    """For a person; `as_of`: the moment that they are of."""
    at = f", as of {iso(as_of)}" if as_of else ""
    yield f"key figures of {source}{at}"
    signals = f"{view.signals} signals, {view.executed} of them executed"
    yield f"from {view.days} days, {view.trips} round trips, {signals}"
    yield ""
    yield f"{'figure':<17} {'value':>9}  {'95 % interval':<19} {'goal':<9} {'optimum':<9} verdict"
    yield from (_line(row) for row in view.rows)
    yield ""
    yield from _skill(view)


def _line(row: KpiView) -> str:
    value = _text(row.value, row.unit) if not row.reason else "-"
    interval = f"{_text(row.low, row.unit)} to {_text(row.high, row.unit)}" if row.low == row.low else "-"
    sign = "<" if row.below else ">"
    goal = f"{sign} {_text(row.goal, row.unit)}" if row.goal == row.goal else "-"
    optimum = _text(row.optimum, row.unit) if row.optimum == row.optimum else "-"
    said = row.verdict
    if row.reason:
        said += f": {row.reason} ({row.count})"
    elif row.goal == row.goal:
        said += ", and surely" if row.certain else ", by chance perhaps"
    return f"{row.name:<17} {value:>9}  {interval:<19} {goal:<9} {optimum:<9} {said}"


def _skill(view: KpisView) -> Iterator[str]:
    skill = view.skill
    if skill.positive != skill.positive:
        yield f"skill or luck: not known, {skill.reason or 'too few observations'} ({view.days} days)"
        return
    yield (
        f"skill or luck: {skill.positive:.0%} that the Sharpe ratio is above 0, {skill.goal:.0%} that it is "
        f"above its goal, {skill.deflated:.0%} after {skill.trials} trial{'s' * (skill.trials != 1)}"
    )
    if isfinite(skill.years_needed) and skill.years_needed > skill.years:
        needed = f"95 % that it is above 0 would take {skill.years_needed:.1f}"
        yield f"{skill.years:.1f} years of record; {needed}"


def _text(value: float, unit: str) -> str:
    if unit == "%":
        return f"{value:.1%}"
    return f"> {CAP:.0f}" if value > CAP else f"{value:.2f}"
