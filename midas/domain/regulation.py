"""What regulators ask of an account (R7.11): few day trades, little leverage."""

from __future__ import annotations

import msgspec

SHARES = frozenset({"share", "etf"})  # what the rule of day trades counts
FINER = {"commodity": ("gold",), "etf": ("index", "index_major")}  # rows that a sector names within a class
MAJOR = frozenset({"USD", "EUR", "JPY", "GBP", "CAD", "CHF"})  # any two of them: a major pair

# ESMA Decision (EU) 2018/796 of 22 May 2018, Annex I: the initial margin of contracts for difference held by
# retail clients, as leverage; kept by national measures since 2019.
ESMA_LEVERAGE: dict[str, float] = {
    "forex_major": 30.0,  # margin 3.33 %
    "forex": 20.0,  # 5 %; gold and major equity indices likewise
    "gold": 20.0,
    "index_major": 20.0,
    "commodity": 10.0,  # 10 %; minor equity indices likewise
    "index": 10.0,
    "share": 5.0,  # 20 %; and every other underlying
    "etf": 5.0,
    "bond": 5.0,
    "other": 5.0,
    "crypto": 2.0,  # 50 %
}


class RegulationRules(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing is refused on a spot account: it buys with what it has."""

    margin: bool = False  # the account may owe money
    pattern_day_trader: bool = False
    day_trades_max: int = 3  # FINRA Rule 4210(f)(8)(B): the fourth makes a pattern day trader
    day_trade_days: int = 5  # business days, today included
    equity_min: float = 25_000.0  # USD: from here on day trades are free
    zone: str = "America/New_York"  # where the days of day trades begin
    leverage: dict[str, float] = {}  # by class; empty: not limited

    @property
    def counts_day_trades(self) -> bool:
        """Only margin accounts have pattern day traders."""
        return self.margin and self.pattern_day_trader


class DayTrade(msgspec.Struct, frozen=True, array_like=True):
    """Bought and sold again on one day."""

    day: int  # ordinal of the date, in the zone of the rules
    instrument: str
