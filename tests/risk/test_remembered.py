"""The worst case is remembered for as long as nothing is counted that changes it, and never longer."""

from __future__ import annotations

import ast
import inspect
import random
import textwrap
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import midas
from midas.domain.decision import Adjusted
from midas.domain.event import OrderFilled, RulesRead, Source
from midas.domain.market import Bar
from midas.domain.money import ZERO
from midas.domain.order import CloseReason, OrderIntent, Purpose, Replacement, Side
from midas.domain.time import SECOND
from midas.risk.exposure import Exposure, standing
from midas.state.ledger import Ledger
from midas.state.order import Order
from midas.state.orders import Orders
from midas.state.state import State
from tests.fakes.nouns import BTC, ETH, START, desk, fill, intent, pair, quote, report
from tests.risk.sequences import LISTED

EURO, SAP = pair("EUR"), pair("SAP", "EUR")
TRADED = (BTC, ETH, EURO, SAP)
NAMES = tuple(f"md-{n}" for n in range(6))

# What of the books changes what may come to be held, and what only looks at it.
COUNTED = {
    Orders: [
        "absent", "accepted", "busted", "cancel_left", "cancel_rejected", "cancel_sent", "closed_by_venue",
        "filled", "found_foreign", "never_sent", "plan", "rejected", "replace_rejected", "replace_sent",
        "replace_wanted", "replaced", "reported", "restore", "sent", "take_back", "triggered", "uncertain",
    ],
    Ledger: ["adjust", "book", "hand_over", "move", "open", "restore", "unbook"],
}  # fmt: skip
LOOKS = {
    Orders: [
        "cancel_anew", "exits", "get", "leaves", "of_instrument", "rate", "repeated", "still_owned", "stop",
        "strange", "unknown", "working",
    ],
    Ledger: [
        "amounts", "busted", "closed", "first_sight", "known", "knows", "position", "remember",
        "restore_trips", "sleeve", "stands", "stopped", "trades", "trips",
    ],
}  # fmt: skip


@pytest.mark.parametrize("books", [Orders, Ledger])
def test_whatever_changes_the_books_counts_before_it_does_anything_else(
    books: type[Orders] | type[Ledger],
) -> None:
    public = {name for name in dir(books) if not name.startswith("_")}
    assert public == {*COUNTED[books], *LOOKS[books]}, "a new one: does it change what may be held?"
    for name in COUNTED[books]:
        made = ast.parse(textwrap.dedent(inspect.getsource(getattr(books, name)))).body[0]
        assert isinstance(made, ast.FunctionDef)
        assert ast.unparse(made.body[1]) == "self.changes += 1", name


OURS = ("agents", "analysis", "engine", "execution", "portfolio", "risk", "state")
FIELDS = {"intent", "phase", "filled", "pending", "foreign", "balances", "sleeves"}
HELD = {"open", "foreign", "balances", "sleeves", "pending"}
WRITES = {"append", "clear", "insert", "pop", "popitem", "remove", "setdefault", "update"}
KEEPERS = {"state/ledger.py", "state/lives.py", "state/orders.py", "state/requests.py"}
# What is called so there has nothing to do with orders or the ledger.
OTHERS = {"agents/breakers.py", "engine/amending.py", "state/tail.py"}


def test_nobody_but_the_books_themselves_writes_in_them() -> None:
    package = Path(midas.__file__).parent
    writing = set()
    for path in (p for layer in OURS for p in sorted((package / layer).rglob("*.py"))):
        if any(map(_writes, ast.walk(ast.parse(path.read_text())))):
            writing.add(path.relative_to(package).as_posix())
    assert writing - OTHERS == KEEPERS


def _writes(node: ast.AST) -> bool:
    """Whether it changes a part of somebody's books."""
    if isinstance(node, ast.Call):
        method = node.func
        return isinstance(method, ast.Attribute) and method.attr in WRITES and _named(method.value, HELD)
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, (ast.Store, ast.Del)):
        return node.attr in FIELDS and not (isinstance(node.value, ast.Name) and node.value.id == "self")
    return (
        isinstance(node, ast.Subscript)
        and isinstance(node.ctx, (ast.Store, ast.Del))
        and _named(node.value, HELD)
    )


def _named(node: ast.AST, names: set[str]) -> bool:
    return isinstance(node, ast.Attribute) and node.attr in names


class Books:
    """A desk of four pairs to which anything may happen, in any order."""

    def __init__(self) -> None:
        self.state = desk(*TRADED, EUR="500")
        for instrument, price in zip(TRADED, ("100", "10", "1.1", "50"), strict=True):
            self.state.on_quote(quote(price, price, instrument))
        self.trades = 0

    def amount(self, size: int) -> Decimal:
        return Decimal(size + 1) / 100

    def order(self, name: str) -> Order | None:
        return self.state.orders.get(name)

    def asked(self, name: str, place: int, size: int) -> OrderIntent:
        side = Side.SELL if size % 3 == 0 else Side.BUY
        price = None if size % 7 == 0 else Decimal(size + 1)
        return intent(
            name, instrument=TRADED[place].id, side=side, quantity=self.amount(size), price=price,
            strategy="one" if size % 2 else "two",
            purpose=Purpose.ENTRY if side is Side.BUY else Purpose.EXIT,
        )  # fmt: skip

    def plan(self, name: str, place: int, size: int) -> None:
        if self.order(name) is None:
            self.state.plan(self.asked(name, place, size))

    def trade(self, name: str, place: int, size: int) -> None:
        order = self.order(name)
        if order is not None:
            self.trades += 1
            traded = self.state.instruments[order.intent.instrument]
            made = fill(self.trades, self.amount(size), "100", fee_asset=traded.base, fee=Decimal("0.001"))
            event = OrderFilled(name, "v", traded.id, made, START, Source.STREAM)
            self.state.book_fill(event)

    def inferred(self, name: str, place: int, size: int) -> None:
        order = self.order(name)
        if order is not None and name not in self.state.inferred:
            self.trades += 1
            self.state.book_inferred(order, fill(-self.trades, self.amount(size), "100"), START)

    def bust(self, name: str, place: int, size: int) -> None:
        order = self.order(name)
        if order is not None and order.fills:
            self.state.orders.busted(name, next(iter(order.fills.values())), START)

    def unbook(self, name: str, place: int, size: int) -> None:
        self.state.ledger.unbook("one", Side.BUY, fill(size, self.amount(size), "100"), TRADED[place])

    def report(self, name: str, place: int, size: int) -> None:
        order = self.order(name)
        if order is not None:
            price = order.intent.price or Decimal(1)
            line = report(
                name, instrument=order.intent.instrument, side=order.intent.side, price=price + size % 3,
                quantity=self.amount(size), filled=order.filled, open=size % 2 == 0,
            )  # fmt: skip
            self.state.orders.reported(line, START + size * SECOND, START, START + size * SECOND)

    def foreign(self, name: str, place: int, size: int) -> None:
        line = report(f"web-{name}", instrument=TRADED[place].id, quantity=self.amount(size))
        self.state.orders.found_foreign((line,) if size % 2 else ())

    def absent(self, name: str, place: int, size: int) -> None:
        self.state.orders.absent(name, START + size * SECOND, START)

    def replaced(self, name: str, place: int, size: int) -> None:
        amount, price = self.amount(size), Decimal(size + 1)
        self.state.orders.replaced(name, f"r{size % 4}", amount, price, START)

    def replace_rejected(self, name: str, place: int, size: int) -> None:
        self.state.orders.replace_rejected(name, f"r{size % 4}", "no", START)

    def again(self, name: str, place: int, size: int) -> None:
        order = self.order(name)
        if order is not None and name in self.state.orders.open:
            self.state.orders.restore(order.carried(), START)

    def adjust(self, name: str, place: int, size: int) -> None:
        amount = self.amount(size) - 2
        made = Adjusted(
            kind="dust", name="x", asset=TRADED[place].base, amount=amount, at=START,
            instrument=TRADED[place].id, position=amount, price=Decimal(1),
        )  # fmt: skip
        self.state.book_adjustment(made)

    def quote(self, name: str, place: int, size: int) -> None:
        bid = size % 5  # none: an empty side, and no price while nobody has traded
        self.state.on_quote(quote(str(bid), str(size + 5), TRADED[place]))

    def bar(self, name: str, place: int, size: int) -> None:
        at, close = (len(self.state.markets[TRADED[place].id].bars) + 1) * SECOND, float(size + 1)
        self.state.on_bar(Bar(TRADED[place].id, at, START, SECOND, close, close, close, close, 1.0, 1))

    def relist(self, name: str, place: int, size: int) -> None:
        known = self.state.instruments[TRADED[place].id]
        other = msgspec.structs.replace(known, notional_min=Decimal(size), tick_size=Decimal(1) / (size + 1))
        self.state.apply(RulesRead(known.id, "", other, START))

    def other_books(self, name: str, place: int, size: int) -> None:
        """As many counts, of other books."""
        fresh = Ledger()
        fresh.restore(dict(self.state.ledger.balances), (), {})
        fresh.changes = self.state.ledger.changes
        self.state.ledger = fresh


def told(method: str, *rest: Any) -> Callable[[Books, str, int, int], object]:
    """Something that the venue, or we, tell of one order."""
    return lambda books, name, place, size: getattr(books.state.orders, method)(name, *rest)


def changed(method: str) -> Callable[[Books, str, int, int], object]:
    """A replacement that is wanted or sent."""

    def happens(books: Books, name: str, place: int, size: int) -> object:
        replacement = Replacement(f"r{size % 4}", Decimal(size + 1) / 50, Decimal(size + 1))
        rest = () if method == "replace_wanted" else (START,)
        return getattr(books.state.orders, method)(name, replacement, START, *rest)

    return happens


HAPPEN: dict[str, Callable[[Books, str, int, int], object]] = {
    "plan": Books.plan,
    "trade": Books.trade,
    "inferred": Books.inferred,
    "bust": Books.bust,
    "unbook": Books.unbook,
    "report": Books.report,
    "foreign": Books.foreign,
    "again": Books.again,
    "adjust": Books.adjust,
    "quote": Books.quote,
    "bar": Books.bar,
    "relist": Books.relist,
    "other books": Books.other_books,
    "sent": told("sent", START, START + SECOND),
    "never sent": told("never_sent", START, "no"),
    "accepted": told("accepted", "v", START),
    "triggered": told("triggered", START),
    "rejected": told("rejected", "no", START),
    "canceled": told("closed_by_venue", CloseReason.CANCELED, ZERO, START),
    "uncertain": told("uncertain", "silence", START),
    "cancel sent": told("cancel_sent", START),
    "cancel rejected": told("cancel_rejected", "late", START),
    "absent": Books.absent,
    "replace wanted": changed("replace_wanted"),
    "replace sent": changed("replace_sent"),
    "replaced": Books.replaced,
    "replace rejected": Books.replace_rejected,
}
ACTS = st.tuples(
    st.sampled_from([*HAPPEN, "plan", "plan", "plan", "trade"]), st.sampled_from(NAMES), st.integers(0, 3),
    st.integers(0, 300),
)  # fmt: skip


def seen(now: Exposure) -> str:
    """Every figure of a worst case, to the last bit."""
    figures = now.equity, now.cash, now.shares, now.values, now.reserved, now.by_strategy
    return repr((*figures, now.by_asset, now.by_kind, now.by_currency, now.by_venue, now.by_sector))


def counts(state: State) -> str:
    """What may come to be held, told without anything that is remembered."""
    orders, ledger = state.orders, state.ledger
    ours = [(o.intent.instrument, o.intent.side, o.reserved, o.intent.price) for o in orders.open.values()]
    held = [(key, sleeve.quantity) for key, sleeve in ledger.sleeves.items()]
    return repr((ours, orders.foreign, ledger.balances, held))


def lived(acts: list[tuple[str, str, int, int]]) -> None:
    books = Books()
    state = books.state
    standing(state, LISTED)
    for act, name, place, size in acts:
        before, changes = counts(state), (state.orders.changes, state.ledger, state.ledger.changes)
        HAPPEN[act](books, name, place, size)
        if counts(state) != before:
            assert changes != (state.orders.changes, state.ledger, state.ledger.changes), act
        remembered = standing(state, LISTED)
        state.derived.pop("exposure")
        state.derived.pop("chart")
        assert seen(remembered) == seen(standing(state, LISTED)), act


@settings(deadline=None, max_examples=100)
@given(st.lists(ACTS, max_size=40))
def test_what_is_remembered_is_what_would_be_summed_up_anew(acts: list[tuple[str, str, int, int]]) -> None:
    lived(acts)


def test_so_it_is_in_long_lives_too() -> None:
    for seed in range(20):
        chance = random.Random(seed)
        kinds = [*HAPPEN, "plan", "plan", "plan", "trade"]
        lived(
            [
                (chance.choice(kinds), chance.choice(NAMES), chance.randrange(4), chance.randrange(300))
                for _ in range(80)
            ]
        )
