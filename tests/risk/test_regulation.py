"""Pattern day traders and ESMA's leverage: at, under and over each number, and only where they hold."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import msgspec
import pytest

from midas.agents.risk_manager import RiskManager
from midas.domain.carry import Carried
from midas.domain.event import OrderFilled, SessionOpened, Source
from midas.domain.limits import Asset, Assets
from midas.domain.order import Side
from midas.domain.regulation import ESMA_LEVERAGE, DayTrade, RegulationRules
from midas.domain.time import DAY, SECOND
from midas.engine.standing import regulation
from midas.risk.further import Entry
from midas.risk.regulation import (
    cap,
    counted,
    day_trades,
    leverage,
    leverage_class,
    regulation_limits,
    waiting,
    window,
)
from midas.state.state import State
from tests.fakes.desk import LIMITS
from tests.fakes.nouns import desk, fill, intent, pair, selling

AAPL, MSFT, BTC = pair("AAPL", "USD"), pair("MSFT", "USD"), pair("BTC", "USD")
RULES = RegulationRules(
    margin=True, pattern_day_trader=True, leverage=dict(ESMA_LEVERAGE),
)  # fmt: skip
KINDS = {"AAPL": "share", "MSFT": "etf", "BTC": "crypto"}
ASSETS = Assets(listed={name: Asset(kind, kind) for name, kind in KINDS.items()})
WEDNESDAY = int(datetime(2026, 11, 18, 15, tzinfo=UTC).timestamp()) * SECOND
TODAY = date(2026, 11, 18).toordinal()


def stand(equity: str = "10000", trades: int = 0, rules: RegulationRules = RULES) -> State:
    """A Wednesday, with so many day trades made on Monday."""
    state = desk(AAPL, MSFT, BTC, cash=equity, quote_asset="USD")
    state.now = WEDNESDAY
    state.day_trades.begin(rules)
    state.day_trades.made.extend(DayTrade(TODAY - 2, AAPL.id) for _ in range(trades))
    return state


def buying(instrument: str, weights: dict[str, float] | None = None) -> Entry:
    """An entry after which these weights would be held."""
    return Entry(instrument, weights or {}, {}, ASSETS)


@pytest.mark.parametrize(("trades", "refused"), [(1, False), (2, False), (3, True), (4, True)])
def test_a_purchase_that_may_become_the_fourth_day_trade_is_refused(trades: int, refused: bool) -> None:
    breach = day_trades(RULES, buying(AAPL.id), stand(trades=trades))
    assert (breach is not None) is refused
    if breach is not None:
        assert breach.sentence == (
            f"{trades} day trades in 5 business days and 1 that today's purchases may become, "
            "at most 3 below 25,000 USD of equity"
        )


@pytest.mark.parametrize(("equity", "refused"), [("24999.99", True), ("25000", False), ("25000.01", False)])
def test_from_25000_dollars_on_day_trades_are_free(equity: str, refused: bool) -> None:
    assert (day_trades(RULES, buying(AAPL.id), stand(equity, trades=3)) is not None) is refused


def test_what_was_bought_today_and_what_is_being_bought_may_become_day_trades_too() -> None:
    state = stand(trades=1)
    state.day_trades.fill(MSFT.id, Side.BUY, WEDNESDAY)
    assert day_trades(RULES, buying(AAPL.id), state) is None
    state.plan(intent("md-1", instrument=AAPL.id))
    assert waiting(ASSETS, state) == {AAPL.id, MSFT.id}
    assert day_trades(RULES, buying(AAPL.id), state) is None
    state.day_trades.made.append(DayTrade(TODAY, AAPL.id))
    assert day_trades(RULES, buying(AAPL.id), state) is not None


def test_crypto_is_no_share_and_a_spot_account_has_no_day_trades() -> None:
    assert day_trades(RULES, buying(BTC.id), stand(trades=9)) is None
    for rules in (RegulationRules(), RegulationRules(pattern_day_trader=True), RegulationRules(margin=True)):
        assert regulation_limits(rules) == ()


@pytest.mark.parametrize(
    ("today", "days", "first"),
    [
        (date(2026, 11, 18), 5, date(2026, 11, 12)),  # Wednesday: from Thursday on
        (date(2026, 11, 20), 5, date(2026, 11, 16)),  # Friday: from Monday on
        (date(2026, 11, 16), 5, date(2026, 11, 10)),  # Monday
        (date(2026, 11, 22), 5, date(2026, 11, 16)),  # Sunday
        (date(2026, 11, 18), 1, date(2026, 11, 18)),
    ],
)
def test_the_window_is_of_business_days(today: date, days: int, first: date) -> None:
    assert window(today.toordinal(), days) == first.toordinal()


@pytest.mark.parametrize(("day", "counts"), [(date(2026, 11, 11), 0), (date(2026, 11, 12), 1)])
def test_a_day_trade_leaves_the_window_after_five_business_days(day: date, counts: int) -> None:
    state = stand()
    state.day_trades.made.append(DayTrade(day.toordinal(), AAPL.id))
    assert counted(RULES, ASSETS, state) == counts


def test_the_first_sale_after_a_purchase_of_the_day_is_a_day_trade_and_the_second_is_not() -> None:
    state = stand()
    record = state.day_trades
    for side in (Side.SELL, Side.BUY, Side.BUY, Side.SELL, Side.SELL, Side.BUY, Side.SELL):
        record.fill(AAPL.id, side, WEDNESDAY)
    assert [made.day for made in record.made] == [TODAY, TODAY]
    record.fill(MSFT.id, Side.BUY, WEDNESDAY - DAY)
    record.fill(MSFT.id, Side.SELL, WEDNESDAY)
    assert len(record.made) == 2


def test_the_day_is_new_yorks() -> None:
    record = stand().day_trades
    evening = int(datetime(2026, 11, 18, 23, tzinfo=UTC).timestamp()) * SECOND
    record.fill(AAPL.id, Side.BUY, evening)
    record.fill(AAPL.id, Side.SELL, evening + 3 * 3600 * SECOND)  # two in the morning, UTC
    assert [made.day for made in record.made] == [TODAY]


def test_fills_are_counted_and_outlive_a_restart() -> None:
    state = stand()
    for number, order in enumerate(
        (intent("md-1", instrument=AAPL.id), selling("md-2", instrument=AAPL.id)), 1
    ):
        state.plan(order)
        made = fill(number, "1", "100", fee_asset="USD", time=WEDNESDAY)
        state.apply(OrderFilled(order.client_id, "v", AAPL.id, made, WEDNESDAY, Source.STREAM))
    state.day_trades.fill(MSFT.id, Side.BUY, WEDNESDAY)
    carried = state.carried()
    assert carried.day_trades == (DayTrade(TODAY, AAPL.id),)
    after = State((AAPL, MSFT, BTC), "USD")
    after.day_trades.begin(RULES)
    kept = Carried(day_trades=carried.day_trades, bought_on=carried.bought_on)
    after.apply(SessionOpened("2", WEDNESDAY, "a", "SIM", "", kept))
    after.now = WEDNESDAY
    assert (counted(RULES, ASSETS, after), waiting(ASSETS, after)) == (1, {MSFT.id})


@pytest.mark.parametrize(("weight", "refused"), [(1.999, False), (2.0, False), (2.001, True)])
def test_two_times_equity_in_crypto_is_the_most(weight: float, refused: bool) -> None:
    breach = leverage(RULES, buying(BTC.id, {BTC.id: weight}), stand())
    assert (breach is not None) is refused
    if breach is not None:
        assert "100.0% of equity" in breach.sentence or "100.1%" in breach.sentence
        assert "(crypto 2:1), at most 100%" in breach.sentence


def test_classes_share_one_margin() -> None:
    assert leverage(RULES, buying(BTC.id, {BTC.id: 1.0, AAPL.id: 2.5}), stand()) is None
    assert leverage(RULES, buying(BTC.id, {BTC.id: 1.0, AAPL.id: 2.6}), stand()) is not None
    assert leverage(RULES, buying(BTC.id, {BTC.id: float("nan")}), stand()) is not None


@pytest.mark.parametrize(
    ("base", "quote", "kind", "sector", "times"),
    [
        ("EUR", "USD", "forex", "EUR", 30.0), ("EUR", "SEK", "forex", "EUR", 20.0),
        ("XAU", "USD", "commodity", "gold", 20.0), ("WTI", "USD", "commodity", "oil", 10.0),
        ("SPX", "USD", "etf", "index_major", 20.0), ("SPX", "USD", "etf", "index", 10.0),
        ("SPX", "USD", "etf", "broad", 5.0), ("AAPL", "USD", "share", "gold", 5.0),
        ("BTC", "USD", "crypto", "crypto", 2.0), ("XYZ", "USD", "", "", 2.0), ("USDC", "USD", "", "", 5.0),
    ],
)  # fmt: skip
def test_the_table_is_esmas(base: str, quote: str, kind: str, sector: str, times: float) -> None:
    assets = Assets(listed={base: Asset(kind, sector)} if kind else {})
    assert cap(RULES, leverage_class(assets, pair(base, quote))) == times


def test_an_entry_is_refused_by_the_risk_manager_and_an_exit_never() -> None:
    state = stand(trades=3)
    manager = RiskManager(
        msgspec.structs.replace(LIMITS, crypto_max=2.0, share_max=1.0, assets=ASSETS),
        regulation_limits(RULES),
    )
    breach = manager.admit(intent(instrument=AAPL.id, quantity=Decimal("0.1")), state)
    assert breach is not None
    assert breach.limit == "day trades"
    state.ledger.balances["AAPL"] = Decimal(1)
    state.ledger.book("s", Side.BUY, fill(5, "1", "100", fee_asset="USD"), AAPL)
    assert manager.admit(selling(instrument=AAPL.id, quantity=Decimal(1)), state) is None
    assert any(limit(buying(AAPL.id), state) for limit in regulation_limits(RULES))


def test_the_picture_tells_what_is_left() -> None:
    state = stand(trades=2)
    shown = regulation(state, RULES, ASSETS)
    assert (shown.day_trades, shown.day_trades_waiting, shown.day_trades_max) == (2, 0, 3)
    assert shown.day_trades_counted
    assert not shown.day_trades_free
    assert shown.margin_used == 0.0
    assert dict(shown.leverage)["crypto"] == 2.0
    assert not regulation(state, RegulationRules(), ASSETS).margin
