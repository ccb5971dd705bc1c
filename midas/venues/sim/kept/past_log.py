"""What the market of one symbol leaves behind, row by row: its trades, and its candles once they closed."""

from __future__ import annotations

from collections import deque

import msgspec

from midas.venues.sim.floor.desk import Desk
from midas.venues.sim.floor.klines import KEPT as CANDLES_KEPT
from midas.venues.sim.floor.klines import MONTH
from midas.venues.sim.floor.tape import KEPT as TRADES_KEPT
from midas.venues.sim.floor.tape import Aggregate
from midas.venues.sim.kept.vault import Vault
from midas.venues.sim.source.market import Print

CANDLE, TRADES = "candle", "trades"

_ENCODE = msgspec.msgpack.Encoder().encode


class _Block(msgspec.Struct, frozen=True):
    """Trades and aggregates of one symbol that came between two savings."""

    trades: list[Print]
    aggregates: list[Aggregate]


class TapeLog:
    """The trades of one symbol, in blocks."""

    def __init__(self, vault: Vault, desk: Desk) -> None:
        self._vault = vault
        self._desk = desk
        self._blocks: deque[tuple[str, int]] = deque()  # keys and numbers of trades
        self._kept = 0
        self.reached()

    def reached(self) -> None:
        """Everything on the tape is kept."""
        tape = self._desk.tape
        self._trade = tape.trades[-1].trade_id if tape.trades else 0
        self._aggregate = tape.aggregates[-1].number if tape.aggregates else 0

    def write(self) -> None:
        """Keep what is new."""
        tape = self._desk.tape
        trades = tape.trades_from(self._trade + 1, len(tape.trades))
        aggregates = tape.aggregates_from(self._aggregate + 1, len(tape.aggregates))
        if not trades and not aggregates:
            return
        key = f"{self._desk.symbol}|{self._trade:020d}|{self._aggregate:020d}"
        self._vault.put(TRADES, key, _ENCODE(_Block(trades, aggregates)))
        self.reached()
        self._count(key, len(trades))

    def read(self) -> tuple[list[Print], list[Aggregate]]:
        """Everything that is kept."""
        decode = msgspec.msgpack.Decoder(_Block).decode
        trades: list[Print] = []
        aggregates: list[Aggregate] = []
        for key, content in self._vault.rows(TRADES):
            if key.partition("|")[0] == self._desk.symbol:
                block = decode(content)
                trades += block.trades
                aggregates += block.aggregates
                self._count(key, len(block.trades))
        return trades, aggregates

    def _count(self, key: str, trades: int) -> None:
        self._blocks.append((key, trades))
        self._kept += trades
        while self._kept - self._blocks[0][1] > TRADES_KEPT:
            oldest, count = self._blocks.popleft()
            self._vault.drop(TRADES, oldest)
            self._kept -= count


class ChartLog:
    """The closed candles of one symbol, one row each."""

    def __init__(self, vault: Vault, desk: Desk) -> None:
        self._vault = vault
        self._desk = desk
        self.reached()

    def reached(self) -> None:
        """Every candle that is closed is kept."""
        running = self._desk.charts.running()
        self._since = {name: candles[0].start for name, candles in running.items()}

    def write(self) -> None:
        """Keep what closed, as many as the exchange itself keeps."""
        put = self._vault.put
        for name, since in self._since.items():
            for candle in self._desk.charts.fresh(name, since):
                put(CANDLE, self._key(name, candle.start), _ENCODE(candle))
                if not name.startswith(MONTH):
                    gone = candle.start - CANDLES_KEPT * (candle.end - candle.start)
                    self._vault.drop(CANDLE, self._key(name, gone))
        self.reached()

    def _key(self, name: str, start: int) -> str:
        return f"{self._desk.symbol}|{name}|{start:020d}"
