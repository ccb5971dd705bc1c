"""The shipped profiles through the whole engine, on the accounts that they are meant for.

`balanced` on shares, an ETF, bonds, gold, coins and euros; `crypto-only` on the default account. Whatever is
refused is refused by a limit that the profile states below the whole of equity: none hides elsewhere.
"""

from __future__ import annotations

import random
from collections import Counter
from decimal import Decimal

import msgspec
import pytest

from midas.assembly.config import limits_of
from midas.domain.decision import OrderBlocked, TargetApproved, TargetRefused
from midas.domain.instrument import Instrument
from midas.domain.limits import Limits
from midas.domain.opinion import Opinion, Urgency
from midas.settings import load_settings
from midas.settings.risk import LimitProfile
from midas.workspace import template
from tests.engine.hands import Hands
from tests.engine.scene import Scene, of
from tests.fakes.desk import BTC as BITCOIN
from tests.fakes.desk import CASH, Desk, config
from tests.fakes.nouns import ETH
from tests.fakes.scripted_market import NOON, ScriptedMarket
from tests.fakes.strategy import Puppet
from tests.scenarios.mixed import ALL, APPLE, ASSETS, COIN, EURO, INDEX, LOT, Mixed

PROFILES = ("balanced", "crypto-only")
# What `[risk.orders]` says of one order stands beside every profile; here it is out of the way.
ORDERS = {
    "order_notional_max": 1e9, "order_quantity_max": {}, "order_rate_max": 100_000, "duplicate_window": 0,
    "repeats_max": 10**6, "fat_finger_multiple": 1e9, "fat_finger_share": 1.0,
}  # fmt: skip
# No sizes that a profile could state: what nobody can pay, and what would trade with ourselves.
CHECKS = {"funds", "self-trade"}


def shipped(profile: str, **changes: object) -> Limits:
    """The numbers of the shipped configuration."""
    limits = limits_of(load_settings(template(), environ={"MIDAS_RISK__LIMITS": profile}))
    return msgspec.structs.replace(limits, **{**ORDERS, **changes})


def stated(limits: Limits) -> set[str]:
    """The limits that this profile can refuse with: those that allow less than everything."""
    named = {"cluster_max": "correlation", "correlation_max": "correlation"}
    found = set()
    for field in LimitProfile.model_fields:
        if field == "cash_min" or getattr(limits, field) < 1.0:
            found.add(named.get(field, field.removesuffix("_max").removesuffix("_min")))
    return found


def lots(instrument: Instrument, worth: float) -> Decimal:
    """So many dollars of it."""
    price = Decimal("1.25") if instrument is EURO else Decimal(50)
    if instrument.quote == "EUR":
        price *= Decimal("1.25")
    return (Decimal(worth) / price).quantize(LOT)


def lived(profile: str, seed: int) -> Counter[str]:
    """Sixty acts of a person on the mixed account; how often each limit refused."""
    mixed, draw = Mixed(shipped(profile, assets=ASSETS)), random.Random(seed)
    mixed.pulse(APPLE, INDEX)
    refused: Counter[str] = Counter()
    for _ in range(60):
        instrument, act = draw.choice(ALL), draw.random()
        if act < 0.75:
            quantity = lots(instrument, draw.choice((500, 2_000, 8_000, 15_000)))
            found = mixed.objections(instrument, quantity)
            answer = mixed.order(instrument, quantity, confirmed=True)
            assert answer.accepted is not bool(found) or "is being closed" in answer.message
            refused.update(found)
        elif act < 0.85:
            mixed.close(instrument)
        else:
            moves(mixed, instrument, draw.choice((-8, -3, 3, 8)))
        mixed.tick()
    return refused


def moves(mixed: Mixed, instrument: Instrument, ticks: int) -> None:
    """A price moves, and fills what rests there."""
    market = mixed.markets[instrument.id]
    market.now = mixed.desk.now
    for event in market.move(ticks):
        mixed.desk.feed(event)
    mixed.desk.feed(market.trade(sold=True, lots=10**7))


@pytest.mark.parametrize("profile", PROFILES)
def test_a_person_on_the_mixed_account_meets_only_limits_that_the_profile_states(profile: str) -> None:
    met: Counter[str] = Counter()
    for seed in range(6):
        met += lived(profile, seed)
    assert set(met) <= stated(shipped(profile)) | CHECKS
    assert sum(met.values()) > 30
    if profile == "balanced":
        assert {"position", "crypto", "usd", "strategy", "correlation"} <= set(met)
    else:
        assert {"share", "etf", "forex", "bond", "commodity"} <= set(met)


@pytest.mark.parametrize("instrument", ALL, ids=[i.base for i in ALL])
def test_crypto_only_opens_nothing_but_coins(instrument: Instrument) -> None:
    bare = Mixed(shipped("crypto-only", assets=ASSETS), balances={"USD": "92000", "EUR": "6400"})
    found = set(bare.objections(instrument, lots(instrument, 1_000)))
    kind = ASSETS.kind(instrument.base)
    assert found == (set() if instrument is COIN else {kind})


@pytest.mark.parametrize(
    ("instrument", "worth", "limit"),
    [(APPLE, 10_000, "position"), (COIN, 13_000, "crypto"), (EURO, 10_000, "position")],
)
def test_balanced_binds_where_the_source_says(instrument: Instrument, worth: float, limit: str) -> None:
    mixed = Mixed(shipped("balanced", assets=ASSETS))
    assert mixed.objections(instrument, lots(instrument, worth)) == []
    assert mixed.objections(instrument, lots(instrument, worth) + LOT) == [limit]


# The default account: 10,000 USDT, coins, strategies.


class Wisher(Puppet):
    """A second strategy beside the puppet."""

    name = "wisher"


def coins(seed: int) -> tuple[Desk, set[str]]:
    """Two strategies and a person on BTC and ETH, as `midas init` configures it; the limits that refused."""
    puppets = [Puppet(), Wisher()]
    settings = config(puppets, (BITCOIN, ETH), limits=shipped("crypto-only"), weight=1.0)
    sizing = msgspec.structs.replace(settings.sizing, volatility_target=5.0)
    settings = msgspec.structs.replace(settings, sizing=sizing)
    desk, draw = Desk(puppets, settings=settings), random.Random(seed)
    markets = [ScriptedMarket(BITCOIN), ScriptedMarket(ETH, 300_000)]
    for market in markets:
        for bar in market.history(300):
            desk.feed(bar)
    desk.open(NOON)
    for market in markets:
        market.now = desk.now
        desk.play(market.begin())
    for _ in range(80):
        market = draw.choice(markets)
        market.now = max(market.now, desk.now)
        puppet = draw.choice(puppets)
        urgency = draw.choice((Urgency.AGGRESSIVE, Urgency.PASSIVE))
        puppet.opinion = Opinion(
            direction=draw.choice((0.0, 1.0, 1.0)), confidence=draw.choice((0.1, 0.4, 1.0)), urgency=urgency,
            reason="a whim",
        )  # fmt: skip
        for event in market.move(draw.randint(-40, 40)):
            desk.feed(event)
        desk.feed(market.bar())
        desk.tick(max(desk.now, market.now) + 1)
    return desk, named(desk)


def named(desk: Desk) -> set[str]:
    """What refused a target, or blocked an order that was approved before."""
    refused = {b.limit for d in of(TargetRefused, desk.audits) for b in d.breaches}
    return refused | {d.breach.limit for d in of(OrderBlocked, desk.audits)}


def test_strategies_on_the_default_account_meet_only_limits_that_crypto_only_states() -> None:
    met, acted = set[str](), 0
    for seed in range(4):
        desk, found = coins(seed)
        met |= found
        acted += len(of(TargetApproved, desk.audits))
        assert desk.state.equity() > 0.9 * float(CASH["USDT"])
    assert met <= stated(shipped("crypto-only")) | CHECKS
    assert "position" in met
    assert acted > 20


def test_a_person_on_the_default_account_meets_only_limits_that_crypto_only_states() -> None:
    hands = Hands(Scene(**{name: getattr(shipped("crypto-only"), name) for name in Limits.__struct_fields__}))
    assert hands.buy("0.033", "59990.00").accepted
    answer = hands.buy("0.001", "59990.00")
    assert "BTC-USDT would be 20.4% of equity, at most 20%" in answer.message


def test_what_a_profile_leaves_open_is_said_by_the_number_one() -> None:
    assert stated(shipped("balanced")) == {
        "position", "sector", "correlation", "usd", "crypto", "currency", "strategy", "cash",
    }  # fmt: skip
    assert stated(shipped("crypto-only")) == {
        "position", "sector", "correlation", "crypto", "share", "etf", "forex", "bond", "commodity",
        "strategy", "cash",
    }  # fmt: skip
