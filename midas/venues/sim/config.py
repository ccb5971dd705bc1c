"""How to run an exchange: every choice a person has, checked before anything is opened."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path

import msgspec

from midas.domain.instrument import Instrument
from midas.errors import ConfigInvalid, NotLoopback
from midas.venues.sim.doors.timings import SocketTimings
from midas.venues.sim.floor.accounts import OPENING, Account, AccountSpec
from midas.venues.sim.source.markets import SYNTHETIC
from midas.venues.sim.world.parameters import MEDIUM

FIRST_UID = 700_001
SPEED_MAX = 10_000.0
PORT_MAX = 65_535


class ExchangeConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How to run an exchange."""

    host: str = "127.0.0.1"
    port: int = 0  # 0: any free one
    market: str = SYNTHETIC  # or the path of a recording, of a world or of candles
    symbol: str = ""  # of candles that don't name theirs
    preset: str = MEDIUM  # of the market SYNTHETIC
    state: Path | None = None  # where the exchange keeps what must outlive it; None: nowhere
    truth: Path | None = None  # where the truth about a synthetic market is written
    speed: float = 1.0  # market seconds in a wall second
    seed: int = 1
    run_file: Path | None = None
    maker_fee: Decimal = Decimal(0)
    taker_fee: Decimal = Decimal("0.0004")
    balances: Mapping[str, Decimal] = msgspec.field(default_factory=lambda: dict(OPENING))
    accounts: tuple[AccountSpec, ...] = ()  # none: one account that opens with `balances`
    order_latency_ms: float = 2.0
    weight_max: int = 6_000  # a minute, of requests; more for who starts engines one after the other
    idle_exit_s: float = 900.0  # 0: never
    control: int | None = None  # the control port: 0 any free one, None none
    plan: Path | None = None  # a script of fault hooks
    timings: SocketTimings = SocketTimings()

    @property
    def specs(self) -> tuple[AccountSpec, ...]:
        """The accounts to open, the first one for whoever names none."""
        return self.accounts or (AccountSpec(balances=self.balances),)


def check(config: ExchangeConfig) -> None:
    """Raises NotLoopback or ConfigInvalid for what no exchange can be."""
    try:
        loopback = config.host == "localhost" or ipaddress.ip_address(config.host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise NotLoopback(
            f"the embedded exchange listens on this machine only, not on {config.host!r}; use 127.0.0.1"
        )
    for name, number in (("port", config.port), ("control port", config.control or 0)):
        if not 0 <= number <= PORT_MAX:
            raise ConfigInvalid(f"the {name} is a number from 0 (any free one) to {PORT_MAX}, not {number}")
    if not 0 < config.speed <= SPEED_MAX:
        raise ConfigInvalid(
            f"speed {config.speed} is not above 0 and at most {SPEED_MAX:g} market seconds a second"
        )


def open_accounts(config: ExchangeConfig, market: Iterable[Instrument]) -> list[Account]:
    """The accounts to open on these instruments.

    Raises ConfigInvalid where two have one name or key, or one holds what isn't traded.
    """
    specs = config.specs
    assets = {asset for instrument in market for asset in (instrument.base, instrument.quote)}
    for spec in config.accounts:
        if spec.balances == OPENING:
            continue
        if strange := [asset for asset, amount in spec.balances.items() if amount and asset not in assets]:
            known = ", ".join(sorted(assets))
            near = get_close_matches(strange[0].upper(), list(assets), n=1)
            hint = f"did you mean {near[0]}?" if near else f"it has {known}"
            raise ConfigInvalid(
                f"account {spec.name!r} holds {strange[0]}, which is no asset of this market; {hint}"
            )
    for field in ("name", "api_key"):
        named = [getattr(spec, field) for spec in specs]
        if len(set(named)) < len(named):
            raise ConfigInvalid(f"two accounts of the exchange have one {field}; give each its own")
    return [Account.opened(uid, spec) for uid, spec in enumerate(specs, FIRST_UID)]
