"""Several accounts: who they are, what they pay, and how their money comes and goes."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from binance.exceptions import BinanceAPIException
from Crypto.PublicKey import ECC

from midas.costs import FeeSchedule
from midas.domain.order import Side
from midas.domain.time import DAY
from midas.errors import ConfigInvalid
from midas.venues.sim.accounts_file import read_accounts
from midas.venues.sim.floor.accounts import AccountSpec
from midas.venues.sim.floor.tiers import TIERS, Volume, fees_for
from tests.fakes.floor import NOW, Floor
from tests.venues.sim.conftest import Opens, Venue

TWO = (
    AccountSpec(name="ann", api_key="ann", api_secret="a", balances={"USDT": Decimal(50_000)}, tiered=True),
    AccountSpec(
        name="bob",
        api_key="bob",
        api_secret="b",
        balances={"BTC": Decimal(2)},
        fees=FeeSchedule(Decimal("0.002"), Decimal("0.003")),
    ),
)
GOOD = '[[accounts]]\nname = "a"\napi_key = "k"\napi_secret = "s"\n'


def _write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_a_file_describes_accounts_with_keys_balances_and_fees(tmp_path: Path) -> None:
    pem = ECC.generate(curve="Ed25519").public_key().export_key(format="PEM")
    (tmp_path / "bob.pem").write_text(pem)
    text = (
        GOOD.replace(
            'api_secret = "s"', 'api_secret = "s"\ntiers = true\nbalances = { USDT = 5, BTC = "0.1" }'
        )
        + '[[accounts]]\nname = "b"\napi_key = "l"\npublic_key_file = "bob.pem"\n'
        + 'maker_fee = "-0.0001"\ntaker_fee = 0.0005\n'
    )
    ann, bob = read_accounts(_write(tmp_path / "accounts.toml", text))
    assert (ann.name, ann.api_key, ann.tiered) == ("a", "k", True)
    assert ann.balances == {"USDT": Decimal(5), "BTC": Decimal("0.1")}
    assert bob.public_key == pem
    assert bob.fees == FeeSchedule(Decimal("-0.0001"), Decimal("0.0005"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no account in it"),
        ("accounts = []", "no account in it"),
        ("x = [", "isn't TOML"),
        (GOOD + "colour = 1\n", "accounts[0].colour: unknown key; known there: name, api_key"),
        (GOOD + "balnces = { USDT = 1 }\n", "accounts[0].balnces: unknown key; did you mean balances?"),
        ("[[account]]\n", "account: unknown key; did you mean accounts?"),
        ('[[accounts]]\nname = "a"\n', "accounts[0].api_key: is missing"),
        (GOOD + GOOD.replace('"a"', '"b"'), "have the api_key 'k'"),
        (GOOD + GOOD.replace('"k"', '"l"'), "have the name 'a'"),
        (GOOD + "balances = { USDT = -1 }\n", "balance USDT = -1: expected a number from 0"),
        (GOOD + 'balances = { USDT = "much" }\n', "accounts[0].balances[...]: expected a decimal number"),
        (GOOD.replace("api_secret", "public_key"), "no Ed25519 or RSA key"),
        (GOOD.replace('api_secret = "s"', 'public_key_file = "gone.pem"'), "can't be read"),
        (GOOD.replace('api_secret = "s"', ""), "either api_secret or public_key"),
        (GOOD + 'tiers = true\nmaker_fee = "0.1"\ntaker_fee = "0.1"\n', "tiers = true, or"),
        (GOOD + 'maker_fee = "0.1"\n', "together"),
        (GOOD + 'maker_fee = "3"\ntaker_fee = "0.1"\n', "a fraction of at most"),
        (GOOD.replace('"a"', '""'), "can't be empty"),
    ],
)
def test_a_file_that_is_wrong_is_refused_in_one_sentence(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigInvalid) as refusal:
        read_accounts(_write(tmp_path / "accounts.toml", text))
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)


async def test_an_account_may_hold_only_what_the_market_trades(open_venue: Opens) -> None:
    strange = AccountSpec(name="ann", balances={"USDT": Decimal(1), "BTX": Decimal(2)})
    with pytest.raises(
        ConfigInvalid, match=r"'ann' holds BTX, which is no asset of this market; did you mean"
    ):
        await open_venue(accounts=(strange,))


def test_a_missing_file_of_accounts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match="can't be read"):
        read_accounts(tmp_path / "none.toml")


def test_tiers_fall_with_volume_and_never_cost_more() -> None:
    assert fees_for(Decimal(0)) == TIERS[0].fees
    for below, above in pairwise(TIERS):
        assert below.value < above.value
        assert above.fees.maker <= below.fees.maker
        assert above.fees.taker <= below.fees.taker
        assert fees_for(above.value) == above.fees
        assert fees_for(above.value - 1) == below.fees


def test_volume_counts_thirty_days() -> None:
    volume = Volume()
    volume.add(Decimal(5), NOW)
    volume.add(Decimal(7), NOW + 10 * DAY)
    assert volume.total(NOW + 10 * DAY) == 12
    assert volume.total(NOW + 29 * DAY) == 12
    assert volume.total(NOW + 30 * DAY) == 7
    assert volume.total(NOW + 40 * DAY) == 0


def test_the_next_deal_after_a_threshold_pays_the_better_tier(floor: Floor) -> None:
    account = floor.accounts[0]
    account.tiered = True
    first = floor.place(floor.ask(Side.BUY, "1.0", 101))
    assert first.deals[0].fee == TIERS[0].fees.taker
    account.volume.add(TIERS[3].value, NOW)
    second = floor.place(floor.ask(Side.BUY, "1.0", 101))
    assert second.deals[0].fee == TIERS[3].fees.taker
    assert floor.exchange.fees_of(account) == TIERS[3].fees


def test_a_withdrawal_above_what_is_free_is_refused_and_changes_nothing(floor: Floor) -> None:
    account, wallet = floor.accounts[0], floor.exchange.wallet
    floor.place(floor.ask(Side.BUY, "50.0", 90))
    free, locked = floor.funds("USDT")
    with pytest.raises(ConfigInvalid, match="can't be withdrawn"):
        wallet.withdraw(account, "USDT", Decimal(free) + 1, NOW)
    assert floor.funds("USDT") == (free, locked)
    wallet.withdraw(account, "USDT", Decimal(free), NOW)
    assert floor.funds("USDT") == (0, locked)
    assert wallet.paid_in == {"USDT": -free}
    assert [flow.amount for flow in floor.heard.flows] == [-free]


@pytest.mark.parametrize(
    ("asset", "amount"),
    [
        ("DOGE", "1"),
        ("USDT", "0"),
        ("USDT", "-1"),
        ("USDT", "NaN"),
        ("USDT", "0.000000001"),
        ("USDT", "1e11"),
    ],
)
def test_money_that_can_t_be_is_refused(floor: Floor, asset: str, amount: str) -> None:
    with pytest.raises(ConfigInvalid):
        floor.exchange.wallet.deposit(floor.accounts[0], asset, Decimal(amount), NOW)


async def test_two_accounts_trade_with_each_other_and_each_pays_its_own_fee(open_venue: Opens) -> None:
    venue = await open_venue(accounts=TWO)
    ann, bob = await venue.client("ann", "a"), await venue.client("bob", "b")
    inside = Decimal((await ann.get_orderbook_ticker(symbol="BTCUSDT"))["bidPrice"]) + Decimal("0.01")
    limit = {"symbol": "BTCUSDT", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.1", "price": inside}
    rests = await bob.create_order(side="SELL", **limit)
    takes = await ann.create_order(side="BUY", **limit)
    assert rests["status"] in ("NEW", "FILLED")
    assert takes["status"] == "FILLED"
    [bought], [sold] = await ann.get_my_trades(symbol="BTCUSDT"), await bob.get_my_trades(symbol="BTCUSDT")
    assert Decimal(bought["commission"]) == Decimal("0.1") * TIERS[0].fees.taker
    rate = "0.002" if sold["isMaker"] else "0.003"
    assert Decimal(sold["commission"]) == Decimal(sold["quoteQty"]) * Decimal(rate)
    assert await _rates(ann) == [("0.00100000", "0.00100000"), ("0.001", "0.001")]
    assert await _rates(bob) == [("0.00200000", "0.00300000"), ("0.002", "0.003")]


async def _rates(client: Any) -> list[tuple[str, str]]:
    rates = (await client.get_account())["commissionRates"]
    [fees] = await client.get_trade_fee(symbol="BTCUSDT")
    return [(rates["maker"], rates["taker"]), (fees["makerCommission"], fees["takerCommission"])]


async def test_deposits_and_withdrawals_are_told_listed_and_counted(open_venue: Opens) -> None:
    venue = await open_venue(accounts=TWO, control=0)
    client = await venue.client("ann", "a")
    async with venue.sockets(client).user_socket() as events:
        await _post(venue, "deposit", asset="BTC", amount="1.5")
        await _post(venue, "withdraw", asset="USDT", amount=20_000, account="ann", address="home")
        done = await client.withdraw(coin="BTC", address="there", amount="0.5", withdrawOrderId="mine")
        told = [await asyncio.wait_for(events.recv(), 30) for _ in range(6)]
    updates = [(event["a"], event["d"]) for event in told if event["e"] == "balanceUpdate"]
    assert updates == [("BTC", "1.50000000"), ("USDT", "-20000.00000000"), ("BTC", "-0.50000000")]
    assert [event["e"] for event in told[1::2]] == ["outboundAccountPosition"] * 3
    [deposit] = await client.get_deposit_history(coin="BTC")
    assert (deposit["amount"], deposit["status"]) == ("1.5", 1)
    assert await client.get_deposit_history(coin="USDT") == []
    newest, oldest = await client.get_withdraw_history()
    assert (newest["id"], newest["withdrawOrderId"], newest["address"]) == (done["id"], "mine", "there")
    assert (oldest["coin"], oldest["amount"], oldest["status"]) == ("USDT", "20000", 6)
    balances = {row["asset"]: row["free"] for row in (await client.get_account())["balances"]}
    assert (balances["BTC"], balances["USDT"]) == ("1.00000000", "30000.00000000")


async def _post(venue: Venue, act: str, **wish: object) -> None:
    async with venue.session.post(f"{venue.run.control}/{act}", json=wish) as answer:
        assert answer.status == 200, await answer.text()


async def test_a_client_can_t_withdraw_more_than_is_free(open_venue: Opens) -> None:
    venue = await open_venue(accounts=TWO)
    client = await venue.client("ann", "a")
    with pytest.raises(BinanceAPIException) as refusal:
        await client.withdraw(coin="USDT", address="x", amount="50001")
    assert refusal.value.code == -4026


@pytest.mark.parametrize(
    ("act", "wish", "said"),
    [
        ("withdraw", {"asset": "USDT", "amount": "50001"}, "50000 USDT free"),
        ("deposit", {"asset": "DOGE", "amount": "1"}, "no asset of this exchange"),
        ("deposit", {"asset": "USDT", "amount": "much"}, "an amount is a number"),
        ("deposit", {"asset": "USDT"}, "missing required field"),
        (
            "deposit",
            {"asset": "USDT", "amount": "1", "account": "eve"},
            "no account 'eve'; there are ann, bob",
        ),
    ],
)
async def test_the_control_port_says_what_is_wrong(
    open_venue: Opens, act: str, wish: dict[str, str], said: str
) -> None:
    venue = await open_venue(accounts=TWO, control=0)
    async with venue.session.post(f"{venue.run.control}/{act}", json=wish) as answer:
        assert answer.status == (409 if "free" in said else 400)
        assert said in (await answer.json())["error"]
