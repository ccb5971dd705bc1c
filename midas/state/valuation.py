"""What assets are worth in the account's currency: over the pairs that are traded, and no others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from midas.domain.instrument import Instrument
from midas.state.market import InstrumentMarket

NAN = float("nan")
Leg = tuple[InstrumentMarket, bool]  # True: the pair quotes the other way round


class Valuation:
    """The shortest way from every asset to the account's currency; of two as short, the one listed first."""

    def __init__(self, markets: Mapping[str, InstrumentMarket], currency: str) -> None:
        self.currency = currency
        traded = [market.instrument for market in markets.values()]
        # The first pair of each asset that is traded for another one.
        self.pairs = {i.base: i.id for i in reversed(traded)}
        self.foreign = any(i.quote != currency for i in traded)  # prices in other currencies, too
        self.crosses = any(i.quote in self.pairs for i in traded)  # one's price is another's position
        # What orders are paid with besides the account's currency, and is no position of any pair.
        self.quotes = tuple(dict.fromkeys(i.quote for i in traded if i.quote not in (currency, *self.pairs)))
        self.routes: dict[str, tuple[Leg, ...]] = {}
        reached: list[tuple[str, tuple[Leg, ...]]] = [(currency, ())]
        for asset, legs in reached:  # grows as it is read: breadth first
            for base, leg in _neighbours(asset, markets.values()):
                if base != currency and base not in self.routes:
                    self.routes[base] = (leg, *legs)
                    reached.append((base, self.routes[base]))

    def rate(self, asset: str) -> float:
        """Account currency for one unit; NaN where no traded pair leads there, or one has no price."""
        return self.value(1.0, asset)

    def value(self, amount: float, asset: str) -> float:
        """What `amount` is worth in the account's currency; NaN as `rate`."""
        if asset == self.currency:
            return amount
        legs = self.routes.get(asset)
        if legs is None:
            return NAN
        for market, inverse in legs:
            amount = amount / market.mark if inverse else amount * market.mark
        return amount


def unconverted(instruments: Iterable[Instrument], currency: str) -> Instrument | None:
    """The first instrument whose price can't be told in `currency`; None: all can."""
    traded = list(instruments)
    routes = Valuation({i.id: InstrumentMarket(i) for i in traded}, currency).routes
    return next((i for i in traded if i.quote != currency and i.quote not in routes), None)


def _neighbours(asset: str, markets: Iterable[InstrumentMarket]) -> Iterable[tuple[str, Leg]]:
    for market in markets:
        if market.instrument.quote == asset:
            yield market.instrument.base, (market, False)
        elif market.instrument.base == asset:
            yield market.instrument.quote, (market, True)
