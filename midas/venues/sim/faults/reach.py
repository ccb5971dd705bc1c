"""What of an exchange a hook can be meant for: one that could never do its work is refused."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from fnmatch import fnmatchcase

from midas.errors import ConfigInvalid
from midas.venues.sim.faults.arming import Order, nearest


class Reach:
    """The symbols, accounts and requests of one exchange."""

    def __init__(self, lots: Mapping[str, Decimal], accounts: Collection[str]) -> None:
        """`lots`: of each symbol, the size of one lot."""
        self._lots = lots
        self._accounts = accounts
        self.paths: Collection[str] = ()  # "POST order" and "order.place"; none: not known yet

    def check(self, order: Order) -> None:
        """Refuse an order whose filters nothing can pass, or whose sizes no fill can have: ConfigInvalid."""
        _ask("symbol", order.symbol, self._lots)
        _ask("account", order.account, self._accounts)
        if self.paths:
            _ask("path", order.path, self.paths)
        symbol, at, _ = order.stream.partition("@")
        if at and not symbol.startswith("!"):
            _ask("stream", symbol, [name.lower() for name in self._lots])
        if order.hook == "partial_fills":
            self._check_sizes(order)

    def _check_sizes(self, order: Order) -> None:
        for symbol, lot in self._lots.items():
            if not order.symbol or fnmatchcase(symbol, order.symbol):
                for size in order.sizes("sizes"):
                    if size % lot:
                        raise ConfigInvalid(
                            f"sizes of partial_fills: {size:f} isn't a whole number of lots of {symbol}, "
                            f"which are {lot:f}; choose other sizes, or name the symbol that is meant"
                        )


def _ask(filter_: str, pattern: str, known: Collection[str]) -> None:
    """Refuse a pattern that fits nothing."""
    if not pattern or any(fnmatchcase(name, pattern) for name in known):
        return
    near = nearest(pattern, known, f"known are {', '.join(sorted(known))}")
    raise ConfigInvalid(f"no {filter_} of this exchange fits {pattern!r}; {near}")
