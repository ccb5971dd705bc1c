"""What a session leaves to the next one on the same account, and how that one begins with it."""

from __future__ import annotations

from collections import OrderedDict

from midas.domain.carry import Carried, CloseCarried, PauseCarried
from midas.domain.decision import Decision, Noted
from midas.domain.event import SessionOpened
from midas.domain.mode import Mode
from midas.state.control import Gate
from midas.state.known import Known

TICKETS_CARRIED = 1_000


def handed_on(known: Known) -> Carried:
    """What the next session on this account begins with."""
    control, budgets = known.control, known.budgets
    return Carried(
        from_session=known.session,
        balances=dict(known.ledger.balances),
        opened=known.ledger.opened,
        orders=tuple(order.carried() for order in known.orders.open.values()),
        sleeves=tuple(sleeve.carried() for sleeve in known.ledger.sleeves.values()),
        trips=known.ledger.closed,
        trade_ids=known.ledger.known(),
        busted=known.ledger.busted(),
        intents=known.intents,
        tickets=dict(list(known.tickets.items())[-TICKETS_CARRIED:]),
        amending=tuple(sorted(known.amending)),
        closing=tuple(CloseCarried(*key, by) for key, by in known.closes_asked.items()),
        pauses=tuple(
            PauseCarried(g.scope, g.reason, g.by, g.since, g.level)
            for g in sorted(control.gates.values(), key=lambda gate: gate.scope)
            if g.by
        ),
        mode=control.mode.value,
        mode_by=control.by,
        mode_cause=control.cause,
        mode_ends=control.ends_when,
        mode_since=control.since,
        mode_floor=control.floor.value,
        halved=control.halved,
        valued=tuple(known.valuation.routes),
        equity_peak=known.equity_peak,
        day=budgets.day.key,
        day_equity=budgets.day.equity,
        week=budgets.week.key,
        week_equity=budgets.week.equity,
        month=budgets.month.key,
        month_equity=budgets.month.equity,
        day_made=budgets.day_made,
        returns=tuple(budgets.returns),
        triggers=dict(budgets.active),
        signals=known.counted[0],
        executed=known.counted[1],
        tail=known.tail.carried(),
        day_trades=tuple(known.day_trades.made),
        bought_on=dict(known.day_trades.bought),
        claims=known.calibration.claims,
        decided=(*known.calibration.acted, *known.calibration.others),
        monitors=dict(known.calibration.monitors),
        alerts=known.alerts.all,
        alert_last=known.alerts.last_id,
        clean_at=known.clean_at,
        clean_as_of=known.clean_as_of,
        adjustments=dict(known.adjustments),
        accepted=dict(known.breaks.accepted),
        inferred=dict(known.inferred),
        owners=known.orders.still_owned(known.now),
        stops=tuple(known.stops.kept.values()),
        reducing=known.still_reducing(),
        relisted=tuple(known.relisted.values()),
        sizes_day=known.sizes.day,
        sizes=known.sizes.carried(),
    )


def inherit(known: Known, event: SessionOpened) -> list[Decision]:
    """Begin with what the session before left; says what it is."""
    carried, control = event.carried, known.control
    known.session, known.account, known.environment = event.session, event.account, event.environment
    known.started_at = known.now = event.at
    if not known.user_up:
        known.user_down_at = event.at
    if not (revalued := _revalued(known, carried)):
        known.equity_peak = carried.equity_peak
        known.budgets.restore(
            (
                carried.day, carried.day_equity, carried.week, carried.week_equity,
                carried.month, carried.month_equity,
            )
        )  # fmt: skip
        known.budgets.day_made = carried.day_made
    known.budgets.resume(carried.returns)
    known.budgets.active = dict(carried.triggers)
    known.stops.restore(carried.stops)
    known.reducing = {(each.strategy, each.instrument): each for each in carried.reducing}
    known.tail.restore(carried.tail)
    known.day_trades.made.extend(carried.day_trades)
    known.day_trades.bought.update(carried.bought_on)
    known.counted = known.signals, known.executed = carried.signals, carried.executed
    if carried.opened:
        known.ledger.restore(carried.balances, carried.sleeves, carried.trade_ids, carried.busted)
    known.ledger.restore_trips(carried.trips)
    known.calibration.restore(carried.claims, carried.decided, carried.monitors)
    known.tickets = dict(carried.tickets)
    known.closes_asked = {(c.strategy, c.instrument): c.by for c in carried.closing}
    known.adjustments, known.inferred = dict(carried.adjustments), dict(carried.inferred)
    known.breaks.accepted = dict(carried.accepted)
    known.orders.owners = OrderedDict(carried.owners)
    known.clean_at, known.clean_as_of = carried.clean_at, carried.clean_as_of or carried.clean_at
    known.sizes.restore(carried.sizes_day, carried.sizes)
    for order in carried.orders:
        known.orders.restore(order, event.at)
    for pause in carried.pauses:
        control.gates[pause.scope] = Gate(pause.scope, pause.reason, pause.since, pause.by, pause.level)
    known.alerts.restore(carried.alerts, carried.alert_last)
    control.mode, control.by, control.cause = Mode(carried.mode), carried.mode_by, carried.mode_cause
    control.floor, control.ends_when, control.since = (
        Mode(carried.mode_floor),
        carried.mode_ends,
        carried.mode_since or event.at,
    )
    # A session of before this was told has at least halved where it ended in DEFENSIVE.
    control.halved = carried.halved or control.mode is Mode.DEFENSIVE
    text = f"session {event.session} on {event.account}, {event.environment}"
    if carried.from_session:
        text += f"; continues {carried.from_session} with {len(carried.orders)} open orders"
    notes: list[Decision] = [Noted("SESSION", "info", text)]
    for client_id in carried.amending:
        text = f"{client_id} was being amended when session {carried.from_session} ended: "
        notes.append(Noted("ORDER", "warn", f"{text}nothing is sent in its place"))
    if revalued:
        text = f"{', '.join(revalued)} counted in only one of both sessions: losses count from here on"
        notes.append(Noted("SESSION", "warn", text))
    return notes


def _revalued(known: Known, carried: Carried) -> list[str]:
    """Assets held that equity counts now and didn't before, or the reverse: no loss, but it looks so."""
    moved = set(carried.valued) ^ set(known.valuation.routes) if carried.valued else set()
    return sorted(asset for asset in moved if carried.balances.get(asset))
