"""The account's reconciliation in the sample desk: passes, differences, an order nobody knows of."""

from __future__ import annotations

import msgspec

from midas.domain.command import AcceptBreak, Command, Reconcile
from midas.domain.time import SECOND
from midas.state.views.orders import OrderView
from midas.state.views.reconciliation import DifferenceView, ReconciliationView, VenueView

EVERY = 30 * SECOND  # between two passes
DOUBT = 60 * SECOND  # an order stays UNKNOWN for so long
EVIDENCE = "the ledger's fills add up to 0.04320; the venue lists no trade that explains the rest"
REVIEW = (
    "BTC 0.04320 here, 0.04310 at the venue; seen in 3 passes since 06:02:16 UTC (audit, audit, audit). "
    "Accepting books -0.0001 BTC at 61772 (mark of BTC-USDT), -0.0001 of it to the position `external`; "
    "it counts neither as profit nor as loss and lets new risk be opened in BTC-USDT; confirm to do it"
)
LIFE = (
    "+0.000s  planned by trend-following (NORMAL, Trending Bull)", "+0.002s  durable in the journal, sent",
    "+5.002s  UNKNOWN: no answer within 5 s",
)  # fmt: skip


def difference(at: int, seen: int = 3, state: str = "standing") -> DifferenceView:
    """A balance that the venue sees otherwise."""
    count = f"{seen} passes in a row" if seen > 1 else "1 pass"
    passes = f"seen in {count} ({', '.join(['audit'] * min(seen, 3))}); {EVIDENCE}"
    return DifferenceView(
        "BTC", "BTC", "0.04320", "0.04310", at, seen, state, passes, ("BTC-USDT.binance",)
    )  # fmt: skip


def lost_order(at: int) -> DifferenceView:
    """An order that works here and not there, seen once."""
    return DifferenceView(
        "order:m-c7e4", "order c7e4", "SELL 0.6210 OPEN", "not open", at, 1, "watching",
        "seen in 1 pass (audit); it is looked up by its id", ("ETH-USDT.binance",),
    )  # fmt: skip


def told(state: str, now: int, *differences: DifferenceView, running: bool = False) -> ReconciliationView:
    """The account in that state; clean twelve seconds ago, or before what differs."""
    clean = now - 12 * SECOND if state == "CLEAN" else now - 74 * SECOND
    return ReconciliationView(
        state, 0 if state == "RECOVERING" else clean, now - 12 * SECOND, 84, running, now + 18 * SECOND,
        differences, (VenueView("binance", state),),
    )  # fmt: skip


def doubted(order: OrderView, since: int, cause: str = "no answer within 5 s") -> OrderView:
    """The order as one whose fate nobody knows."""
    return msgspec.structs.replace(
        order, status="UNKNOWN", created_at=since - 5 * SECOND, unknown_since=since, unknown_cause=cause,
        filled=0.0, life=LIFE,
    )  # fmt: skip


class Books:
    """Passes that go by; with `alive` a balance differs from the first one on, and an order is UNKNOWN."""

    def __init__(self, now: int) -> None:
        self.alive = False
        self._begun = self._pass_at = self._clean_at = now - 12 * SECOND
        self._passes = 84
        self._seen = 0
        self._since = 0
        self._accepted = self._gone = False

    def view(self, now: int) -> ReconciliationView:
        """As of now."""
        if now - self._pass_at >= EVERY:
            self._pass(now)
        seen = (difference(self._since, self._seen, self._state),) if self._seen and not self._gone else ()
        states = {"watching": "DIFFERS", "standing": "BREAK", "accepted": "CLEAN"}
        state = states[self._state] if seen else "CLEAN"
        return ReconciliationView(
            state, self._clean_at, self._pass_at, self._passes, False, self._pass_at + EVERY, seen,
            (VenueView("binance", state),),
        )  # fmt: skip

    def orders(self, working: tuple[OrderView, ...], now: int) -> tuple[OrderView, ...]:
        """What works, the first of them in doubt for a while."""
        if not self.alive or now - self._begun > DOUBT or not working:
            return working
        return (doubted(working[0], self._begun + 7 * SECOND), *working[1:])

    def obey(self, command: Command, now: int) -> tuple[bool, str] | None:
        """The engine's words; None where the command is no matter of the account."""
        if isinstance(command, Reconcile):
            self._pass(now)
            return True, "the account is being compared with the venue"
        if isinstance(command, AcceptBreak):
            return self._accept(command)
        return None

    @property
    def _state(self) -> str:
        return "accepted" if self._accepted else "standing" if self._seen > 1 else "watching"

    def _pass(self, now: int) -> None:
        self._pass_at, self._passes = now, self._passes + 1
        if self.alive and not self._gone:
            self._gone = self._accepted
            self._seen, self._since = self._seen + 1, self._since or now
        if not self._seen or self._gone:
            self._clean_at = now

    def _accept(self, command: AcceptBreak) -> tuple[bool, str]:
        if command.name != "BTC" or self._seen < 2 or self._gone:
            return False, f"no difference called {command.name} stands"
        if not command.confirmed:
            return True, REVIEW
        self._accepted = True
        return True, "BTC is accepted as the venue has it"
