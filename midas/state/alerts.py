"""Price alerts that people set: fired once by a print, kept until dropped, also over a restart."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, InvalidOperation

import msgspec

from midas.domain.carry import AlertCarried
from midas.domain.command import Acknowledge, AddAlert, DropAlert
from midas.domain.instrument import Instrument
from midas.domain.money import plain
from midas.state.market import InstrumentMarket

ALERTS_MAX = 100  # set at one time; more are a feed, not alerts
NAME = "alert:"  # how an alert is called where alarms are: "alert:3"


class Alerts:
    """All price alerts, by id; ids are never used again."""

    def __init__(self, instruments: dict[str, Instrument]) -> None:
        self._instruments = instruments
        self.all: tuple[AlertCarried, ...] = ()
        self.waiting: dict[str, list[tuple[int, bool, int]]] = {}  # instrument: level in ticks, above, id
        self.last_id = 0

    def restore(self, carried: tuple[AlertCarried, ...], last_id: int) -> None:
        """Take over the last session's; those of other instruments are only carried on."""
        self.all, self.last_id = carried, last_id
        self._watch()

    def relist(self, instrument: Instrument) -> None:
        """Its ticks may be others now: levels are counted anew."""
        self._instruments[instrument.id] = instrument
        self._watch()

    def obey(
        self,
        command: AddAlert | DropAlert | Acknowledge,
        actor: str,
        at: int,
        markets: dict[str, InstrumentMarket],
    ) -> tuple[bool, str]:
        """(accepted, sentence) for what a person asked; an instrument may be named by its id or name."""
        match command:
            case AddAlert(instrument=wanted, price=price):
                named = (
                    m
                    for m in markets.values()
                    if wanted.upper() in (m.instrument.id.upper(), m.instrument.name)
                )
                if (market := next(named, None)) is None:
                    names = ", ".join(m.instrument.name for m in markets.values())
                    return False, f"{wanted} isn't traded here; there are {names}"
                return self.add(market, price, actor, at)
            case DropAlert(id=alert_id):
                return self.drop(alert_id)
            case Acknowledge(name=name):
                if not self.acknowledge(name) and name.startswith(NAME):
                    return False, f"there is no alert {name.removeprefix(NAME)}"
                return True, f"seen: {name or 'everything'}"

    def add(self, market: InstrumentMarket, text: str, by: str, at: int) -> tuple[bool, str]:
        """(accepted, sentence): fires when the last price reaches `text` from the side where it is now."""
        instrument = market.instrument
        try:
            price = Decimal(text)
        except InvalidOperation:
            return False, f"{text!r} is no price; give a number, as in 65004.5"
        last = market.last_price
        if not price.is_finite() or price <= 0:
            return False, f"an alert needs a price above zero, got {text}"
        if last != last:
            return False, f"{instrument.name} has no last price yet: try again once it trades"
        if len(self.all) >= ALERTS_MAX:
            return False, f"there are {ALERTS_MAX} alerts already; drop one first"
        if float(price) == last:
            return False, f"{instrument.name} is at {plain(price)} now: choose a price that it isn't at"
        self.last_id += 1
        above = float(price) > last
        self.all = (*self.all, AlertCarried(self.last_id, instrument.id, price, above, by, at))
        self._watch()
        reached = f"{'rises' if above else 'falls'} to {plain(price)}"
        now = f"{last:.{instrument.price_decimals}f}"
        return True, f"alert {self.last_id}: when {instrument.name} {reached} (last {now})"

    def drop(self, alert_id: int) -> tuple[bool, str]:
        """(accepted, sentence): forget one."""
        left = tuple(a for a in self.all if a.id != alert_id)
        if len(left) == len(self.all):
            return False, f"there is no alert {alert_id}"
        self.all = left
        self._watch()
        return True, f"alert {alert_id} dropped"

    def acknowledge(self, name: str) -> bool:
        """Mark one ("alert:3") or, empty, all that fired as seen; False where `name` is none of them."""
        known = any(NAME + str(a.id) == name for a in self.all)
        self.all = tuple(
            msgspec.structs.replace(a, acknowledged=True)
            if a.fired_at and name in ("", f"{NAME}{a.id}") and not a.acknowledged
            else a
            for a in self.all
        )
        return known

    def on_trade(self, instrument: str, ticks: int, at: int) -> tuple[AlertCarried, ...]:
        """The alerts that a print at `ticks` fires; only asked where one of the instrument waits."""
        hit = {
            alert_id
            for level, above, alert_id in self.waiting[instrument]
            if (ticks >= level if above else ticks <= level)
        }
        if not hit:
            return ()
        left = [row for row in self.waiting.pop(instrument) if row[2] not in hit]
        if left:
            self.waiting[instrument] = left
        self.all = tuple(msgspec.structs.replace(a, fired_at=at) if a.id in hit else a for a in self.all)
        return tuple(a for a in self.all if a.id in hit)

    def _watch(self) -> None:
        waiting: dict[str, list[tuple[int, bool, int]]] = {}
        for alert in self.all:
            instrument = self._instruments.get(alert.instrument)
            if alert.fired_at or instrument is None:
                continue
            # Between two ticks: the first tick at or beyond the level.
            rounding = ROUND_CEILING if alert.above else ROUND_FLOOR
            level = int((alert.price / instrument.tick_size).to_integral_value(rounding))
            waiting.setdefault(alert.instrument, []).append((level, alert.above, alert.id))
        self.waiting = waiting
