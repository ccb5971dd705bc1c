"""Who may trade here, and what they own: free and locked, exact to the last 1e-8."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from midas.costs import FeeSchedule
from midas.domain.money import ZERO
from midas.venues.sim.floor import keys
from midas.venues.sim.floor.tiers import Volume, fees_for

# Keys of the embedded exchange open nothing but play money on this machine: they are no secret.
API_KEY = "midas-sim-key-0000000000000000000000000000000000000000000000000001"
API_SECRET = "midas-sim-secret-00000000000000000000000000000000000000000000000001"
OPENING: dict[str, Decimal] = {"USDT": Decimal(10_000), "BTC": ZERO, "ETH": ZERO}


class AccountSpec(msgspec.Struct, frozen=True, kw_only=True):
    """An account to open: a secret shared with its owner, or a public key in PEM instead."""

    name: str = "default"
    api_key: str = API_KEY
    api_secret: str = API_SECRET
    public_key: str = ""  # Ed25519 or RSA; the secret is not used where it is given
    balances: Mapping[str, Decimal] = msgspec.field(default_factory=lambda: dict(OPENING))
    fees: FeeSchedule | None = None  # None: what the exchange charges everybody
    tiered: bool = False  # fees by what the account traded instead


class Balance(msgspec.Struct):
    """One asset of one account."""

    free: Decimal = ZERO
    locked: Decimal = ZERO


class Account:
    """One account: an API key and balances."""

    def __init__(
        self,
        uid: int,
        api_key: str,
        api_secret: str,
        opening: Mapping[str, Decimal],
        *,
        name: str = "",
        public_key: str = "",
    ) -> None:
        self.uid = uid
        self.name = name or api_key  # what the matcher tells accounts apart by
        self.api_key = api_key
        self.key: keys.Key = keys.public(public_key) if public_key else keys.Secret(api_secret)
        self.balances = {asset: Balance(free=amount) for asset, amount in opening.items()}
        self.fees: FeeSchedule | None = None  # None: what the exchange charges everybody
        self.tiered = False  # fees by what it traded instead
        self.volume = Volume()
        self.updated_at = 0  # wall nanoseconds

    @classmethod
    def opened(cls, uid: int, spec: AccountSpec) -> Account:
        """The account that `spec` describes."""
        key, secret = spec.api_key, spec.api_secret
        made = cls(uid, key, secret, spec.balances, name=spec.name, public_key=spec.public_key)
        made.fees, made.tiered = spec.fees, spec.tiered
        return made

    def rates(self, everybody: FeeSchedule) -> FeeSchedule:
        """What it pays where `everybody` has a fee of no account's own; a tier as of its last change."""
        if self.tiered:
            return fees_for(self.volume.total(self.updated_at))
        return self.fees or everybody

    def balance(self, asset: str) -> Balance:
        """The balance of `asset`, opened at zero where there was none."""
        return self.balances.setdefault(asset, Balance())

    def lock(self, asset: str, amount: Decimal) -> None:
        """Set `amount` aside for an order."""
        balance = self.balance(asset)
        assert 0 <= amount <= balance.free
        balance.free -= amount
        balance.locked += amount

    def unlock(self, asset: str, amount: Decimal) -> None:
        """Give back what an order no longer needs."""
        balance = self.balance(asset)
        assert 0 <= amount <= balance.locked
        balance.locked -= amount
        balance.free += amount

    def pay(self, asset: str, amount: Decimal, *, locked: bool) -> None:
        """Hand over `amount`, from what is locked or from what is free."""
        balance = self.balance(asset)
        if locked:
            assert amount <= balance.locked
            balance.locked -= amount
        else:
            assert amount <= balance.free
            balance.free -= amount

    def receive(self, asset: str, amount: Decimal) -> None:
        """Take `amount` in."""
        self.balance(asset).free += amount
