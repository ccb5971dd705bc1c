"""The numbers that risk compares with, and how assets count: values that settings make and journals keep."""

from __future__ import annotations

import msgspec

from midas.domain.instrument import Instrument
from midas.domain.time import SECOND

KINDS = ("crypto", "share", "etf", "forex", "bond", "commodity", "cash")
SECURITIES = ("share", "etf", "bond")  # worth what their own currency is worth
STABLECOINS = frozenset({"USDT", "USDC", "FDUSD", "TUSD", "DAI", "USDP"})
FIAT = frozenset({"USD", "EUR", "GBP", "JPY", "CHF", "AUD", "CAD", "NZD", "SEK", "NOK", "TRY", "BRL"})
DOLLAR = "USD"


class Asset(msgspec.Struct, frozen=True):
    """How one asset counts."""

    kind: str  # one of KINDS
    sector: str
    currency: str = ""  # empty: the rule of its kind


class Counted(msgspec.Struct, frozen=True):
    """How the base asset of one instrument counts in every group."""

    kind: str
    sector: str
    currency: str  # whose fall makes it worth less; empty: that of no state (coins, commodities)


class Assets(msgspec.Struct, frozen=True, dict=True):
    """The map of assets, and what holds for those that nobody listed."""

    stablecoin: str = "cash"  # "cash", "usd" or "crypto": what an unlisted stablecoin counts as
    listed: dict[str, Asset] = {}

    def kind(self, asset: str) -> str:
        """The class of an asset; one that nobody knows counts as the most limited, crypto."""
        if (known := self.listed.get(asset)) is not None:
            return known.kind
        if asset in STABLECOINS:
            return "crypto" if self.stablecoin == "crypto" else "cash"
        return "forex" if asset in FIAT else "crypto"

    def is_money(self, asset: str) -> bool:
        """Whether a balance of it is cash."""
        return self.kind(asset) in ("cash", "forex")

    def sector(self, asset: str) -> str:
        """The sector of an asset; one that nobody listed is a sector of its own."""
        known = self.listed.get(asset)
        return known.sector if known is not None else asset

    def currency(self, asset: str, quote: str = "") -> str:
        """The currency that an asset depends on: a share bought in dollars is dollars, a coin isn't."""
        known = self.listed.get(asset)
        if known is not None and known.currency:
            return known.currency
        kind = self.kind(asset)
        if kind in SECURITIES:
            return self.currency(quote)
        if asset in STABLECOINS and known is None and self.stablecoin != "cash":
            return DOLLAR if self.stablecoin == "usd" else ""
        return asset if kind in ("cash", "forex") else ""

    def of(self, instrument: Instrument) -> Counted:
        """How what this instrument trades counts; worked out once."""
        memory: dict[str, Counted] = self.__dict__
        counted = memory.get(instrument.id)
        if counted is None:
            base = instrument.base
            counted = Counted(self.kind(base), self.sector(base), self.currency(base, instrument.quote))
            memory[instrument.id] = counted
        return counted


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Every number that risk compares with; fractions of equity unless the name says otherwise.

    Those with a default are younger than some journals: there they limit nothing.
    """

    profile: str
    position_max: float  # of one asset
    sector_max: float
    correlation_max: float  # above it two positions count as one
    usd_max: float
    crypto_max: float
    cash_min: float
    cluster_max: float = 1.0  # of a position together with all that are correlated with it
    share_max: float = 1.0
    etf_max: float = 1.0
    forex_max: float = 1.0
    bond_max: float = 1.0
    commodity_max: float = 1.0
    currency_max: float = 1.0  # of each currency but the account's own
    venue_max: float = 1.0
    strategy_max: float = 1.0
    forced_sale_over: float = 0.05  # of a limit: beyond it what drifted is sold down to the limit
    order_rate_max: int  # per 10 s
    order_notional_max: float  # account currency
    order_quantity_max: dict[str, float] = {}  # by asset; the venue's own maximum holds as well
    price_collar_bps: float
    duplicate_window: int = 0  # ns in which an unanswered order isn't asked for again; 0: never noticed
    repeats_max: int = 1_000_000  # executed orders of one strategy, instrument and side
    repeats_window: int = 60 * SECOND  # of market time
    fat_finger_multiple: float = 1e9  # of the median order of the day
    fat_finger_share: float = 1.0  # of equity
    assets: Assets = Assets()

    def kind_max(self, kind: str) -> float:
        """The share that a class of assets may have; cash is limited from below."""
        match kind:
            case "crypto":
                return self.crypto_max
            case "share":
                return self.share_max
            case "etf":
                return self.etf_max
            case "forex":
                return self.forex_max
            case "bond":
                return self.bond_max
            case "commodity":
                return self.commodity_max
        return 1.0
