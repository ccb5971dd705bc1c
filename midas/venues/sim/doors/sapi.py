"""The wallet's API, as far as clients call it at their start: coins, fees, states, and what is not here.

There is no margin, no funding wallet and no dust: such questions are answered with empty lists.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from midas.domain.money import ZERO
from midas.domain.time import MILLISECOND
from midas.venues.sim.doors.endpoints import Endpoint, fixed
from midas.venues.sim.doors.params import Params
from midas.venues.sim.doors.transfers import NETWORK
from midas.venues.sim.floor.accounts import Account, Balance
from midas.venues.sim.floor.exchange import Exchange
from midas.venues.sim.floor.wallet import AMOUNT_MAX
from midas.venues.sim.wire.reports import Json


class Sapi:
    """Answers of the wallet."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def system_status(self, params: Params) -> object:
        """Whether the exchange works."""
        return {"status": 0, "msg": "normal"}

    def nothing(self, params: Params) -> object:
        """A list of something that doesn't exist here."""
        return []

    def coins(self, account: Account, params: Params) -> object:
        """Every coin with its networks, and what the account holds of it."""
        return [_coin(asset, account.balances.get(asset, Balance())) for asset in self._assets(account)]

    def coin_details(self, account: Account, params: Params) -> object:
        """Whether coins come and go, and what that costs."""
        return {
            asset: {
                "minWithdrawAmount": _eight(ZERO),
                "depositStatus": True,
                "withdrawFee": _eight(ZERO),
                "withdrawStatus": True,
            }
            for asset in self._assets(account)
        }

    def trade_fees(self, account: Account, params: Params) -> object:
        """Commission rates of one symbol or of all."""
        named = params.symbol() if params.optional("symbol") is not None else None
        symbols = list(self._exchange.desks) if named is None else [self._exchange.desk(named).symbol]
        fees = self._exchange.fees_of(account)
        rates = {"makerCommission": f"{fees.maker:f}", "takerCommission": f"{fees.taker:f}"}
        return [{"symbol": symbol} | rates for symbol in symbols]

    def holdings(self, account: Account, params: Params) -> object:
        """Assets that the account owns."""
        return [
            {"asset": asset, "free": _eight(balance.free), "locked": _eight(balance.locked)} | _idle()
            for asset, balance in sorted(account.balances.items())
            if balance.free or balance.locked
        ]

    def status(self, account: Account, params: Params) -> object:
        """Whether the account is well."""
        return {"data": "Normal"}

    def trading_status(self, account: Account, params: Params) -> object:
        """Whether the account may trade through the API."""
        return {
            "data": {
                "isLocked": False,
                "plannedRecoverTime": 0,
                "triggerCondition": {"GCR": 150, "IFER": 150, "UFR": 300},
                "updateTime": account.updated_at // MILLISECOND,
            }
        }

    def permissions(self, account: Account, params: Params) -> object:
        """What the API key may do."""
        forbidden = ("enableFutures", "enableMargin", "enableVanillaOptions", "permitsUniversalTransfer",
                     "enableInternalTransfer", "enablePortfolioMarginTrading", "ipRestrict")  # fmt: skip
        allowed = ("enableReading", "enableSpotAndMarginTrading", "enableWithdrawals")
        return dict.fromkeys(forbidden, False) | dict.fromkeys(allowed, True) | {"createTime": 0}

    def no_holdings(self, account: Account, params: Params) -> object:
        """A list of something that no account has here."""
        return []

    def no_dividends(self, account: Account, params: Params) -> object:
        """Coins never pay dividends here."""
        return {"rows": [], "total": 0}

    def no_dust(self, account: Account, params: Params) -> object:
        """Dust is never converted here."""
        return {"total": 0, "userAssetDribblets": []}

    def _assets(self, account: Account) -> list[str]:
        instruments = [desk.instrument for desk in self._exchange.desks.values()]
        listed = {asset for instrument in instruments for asset in (instrument.base, instrument.quote)}
        return sorted(listed | set(account.balances))


def endpoints(sapi: Sapi) -> list[Endpoint]:
    """The wallet's rows of the gateway."""
    public: list[tuple[str, int, Callable[[Params], object]]] = [
        ("GET sapi/v1/system/status", 1, sapi.system_status),
        ("GET sapi/v1/margin/allPairs", 1, sapi.nothing),
        ("GET sapi/v1/margin/allAssets", 1, sapi.nothing),
        ("GET sapi/v1/spot/delist-schedule", 100, sapi.nothing),
    ]
    private: list[tuple[str, int, Callable[[Account, Params], object]]] = [
        ("GET sapi/v1/capital/config/getall", 10, sapi.coins),
        ("GET sapi/v1/asset/assetDetail", 1, sapi.coin_details),
        ("GET sapi/v1/asset/tradeFee", 1, sapi.trade_fees),
        ("GET sapi/v1/asset/assetDividend", 10, sapi.no_dividends),
        ("GET sapi/v1/asset/dribblet", 1, sapi.no_dust),
        ("POST sapi/v1/asset/get-funding-asset", 1, sapi.no_holdings),
        ("POST sapi/v3/asset/getUserAsset", 5, sapi.holdings),
        ("GET sapi/v1/margin/isolated/allPairs", 10, sapi.no_holdings),
        ("GET sapi/v1/account/status", 1, sapi.status),
        ("GET sapi/v1/account/apiTradingStatus", 1, sapi.trading_status),
        ("GET sapi/v1/account/apiRestrictions", 1, sapi.permissions),
    ]
    return [
        *(Endpoint(path=path, method="", weigh=fixed(weight), public=call) for path, weight, call in public),
        *(
            Endpoint(path=path, method="", weigh=fixed(weight), private=call)
            for path, weight, call in private
        ),
    ]


def _eight(value: Decimal) -> str:
    return f"{value:.8f}"


def _idle() -> Json:
    """States of a balance that don't occur here."""
    return {"freeze": "0.00000000", "withdrawing": "0.00000000", "ipoable": "0.00000000", "btcValuation": "0"}


def _coin(asset: str, balance: Balance) -> Json:
    return {
        "coin": asset,
        "name": asset,
        "depositAllEnable": True,
        "withdrawAllEnable": True,
        "free": _eight(balance.free),
        "locked": _eight(balance.locked),
        "freeze": "0",
        "withdrawing": "0",
        "ipoing": "0",
        "ipoable": "0",
        "storage": "0",
        "isLegalMoney": False,
        "trading": True,
        "networkList": [_network(asset)],
    }


def _network(asset: str) -> Json:
    return {
        "network": NETWORK,
        "coin": asset,
        "name": NETWORK,
        "isDefault": True,
        "depositEnable": True,
        "withdrawEnable": True,
        "depositDesc": "",
        "withdrawDesc": "",
        "specialTips": "",
        "resetAddressStatus": False,
        "addressRegex": "^.{1,120}$",
        "memoRegex": "",
        "withdrawIntegerMultiple": "0.00000001",
        "withdrawFee": "0",
        "withdrawMin": "0.00000001",
        "withdrawMax": f"{AMOUNT_MAX:f}",
        "minConfirm": 1,
        "unLockConfirm": 1,
        "sameAddress": False,
        "busy": False,
    }
