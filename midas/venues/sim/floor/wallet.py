"""Money that comes from and goes to outside of the exchange: deposits and withdrawals, done at once."""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

import msgspec

from midas.domain.money import ZERO, decimals
from midas.errors import ConfigInvalid
from midas.venues.sim.floor.accounts import Account

PLACES = 8  # decimals of any amount
AMOUNT_MAX = Decimal(10_000_000_000)
FIRST_FLOW_ID = 1
FLOWS_KEPT = 100_000


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """One deposit, or one withdrawal whose amount is negative."""

    number: int
    account: str
    asset: str
    amount: Decimal
    time: int  # wall nanoseconds
    address: str = ""
    order_id: str = ""  # the client's name for a withdrawal

    @property
    def id(self) -> str:
        """The venue's name for it."""
        return f"{self.number:032x}"

    @property
    def transaction(self) -> str:
        """Its name on the coin's network."""
        return f"0x{self.number:064x}"


class Teller(Protocol):
    """Who is told of flows."""

    def flowed(self, account: Account, flow: Flow) -> None:
        """Money came in or went out."""
        ...


class Wallet:
    """Every flow of every account."""

    def __init__(self, accounts: dict[str, Account], assets: frozenset[str], teller: Teller) -> None:
        """`assets`: those that are traded here."""
        self._accounts = accounts
        self._assets = assets
        self._teller = teller
        self.flows: list[Flow] = []
        self.paid_in: dict[str, Decimal] = {}  # deposits less withdrawals, by asset
        self.next_number = FIRST_FLOW_ID

    def account(self, name: str) -> Account:
        """The account of this name; the first one where it is empty. Raises ConfigInvalid."""
        if not name:
            return next(iter(self._accounts.values()))
        if name not in self._accounts:
            raise ConfigInvalid(f"there is no account {name!r}; there are {', '.join(self._accounts)}")
        return self._accounts[name]

    def deposit(self, account: Account, asset: str, amount: Decimal, now: int) -> Flow:
        """Money comes in. Raises ConfigInvalid for an asset or an amount that can't be."""
        self.check(account, asset, amount)
        return self._flow(account, asset, amount, now)

    def withdraw(
        self,
        account: Account,
        asset: str,
        amount: Decimal,
        now: int,
        *,
        address: str = "",
        order_id: str = "",
    ) -> Flow:
        """Money goes out. Raises ConfigInvalid for more than is free, besides what `deposit` raises for."""
        self.check(account, asset, amount)
        free = account.balance(asset).free
        if amount > free:
            raise ConfigInvalid(
                f"account {account.name} has {free.normalize():f} {asset} free, {amount:f} can't be "
                "withdrawn; cancel orders that hold more, or take less"
            )
        return self._flow(account, asset, -amount, now, address, order_id)

    def check(self, account: Account, asset: str, amount: Decimal) -> None:
        """Raises ConfigInvalid for an asset or an amount that can't be."""
        if asset not in self._assets and asset not in account.balances:
            known = ", ".join(sorted(self._assets | set(account.balances)))
            raise ConfigInvalid(f"{asset!r} is no asset of this exchange; it has {known}")
        if not amount.is_finite() or not ZERO < amount <= AMOUNT_MAX or decimals(amount) > PLACES:
            raise ConfigInvalid(
                f"an amount is above 0, at most {AMOUNT_MAX:,f}, with at most {PLACES} decimals, not {amount}"
            )

    def of(self, account: Account) -> list[Flow]:
        """The account's flows, oldest first."""
        return [flow for flow in self.flows if flow.account == account.name]

    def _flow(
        self, account: Account, asset: str, amount: Decimal, now: int, address: str = "", order_id: str = ""
    ) -> Flow:
        account.balance(asset).free += amount
        account.updated_at = now
        self.paid_in[asset] = self.paid_in.get(asset, ZERO) + amount
        flow = Flow(
            number=self.next_number,
            account=account.name,
            asset=asset,
            amount=amount,
            time=now,
            address=address,
            order_id=order_id,
        )
        self.next_number += 1
        self.flows.append(flow)
        if len(self.flows) >= FLOWS_KEPT * 11 // 10:
            del self.flows[:-FLOWS_KEPT]
        self._teller.flowed(account, flow)
        return flow
