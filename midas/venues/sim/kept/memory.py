"""Which exchange a file remembers, and how this process becomes that one again."""

from __future__ import annotations

import contextlib
import secrets
from pathlib import Path

import msgspec

from midas.domain.unreadable import UNREADABLE
from midas.errors import ConfigInvalid, StoreDamaged, StoreError
from midas.venues.sim.config import ExchangeConfig
from midas.venues.sim.floor.exchange import Exchange, Listener
from midas.venues.sim.kept.keeper import Keeper
from midas.venues.sim.kept.ledger import Ledger
from midas.venues.sim.kept.vault import Vault
from midas.venues.sim.source.feed import Feed
from midas.venues.sim.source.markets import SYNTHETIC
from midas.venues.sim.world.parameters import load_world, preset_world

IDENTITY, SELF = "identity", "self"
_WAY_OUT = "`midas sim --state FILE --fresh` sets it aside and begins anew"


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """What an exchange must have in common with the one that its file remembers."""

    market: str
    preset: str
    seed: int
    parameters: str  # the hash of a world, or how many bytes a recording has
    accounts: list[str]

    def difference(self, wanted: Identity) -> str:
        """Why the exchange of this identity isn't the one that is wanted; empty where it is."""
        if Path(self.market).name != Path(wanted.market).name:
            return f"it served {Path(self.market).name}, asked for was {Path(wanted.market).name}"
        if self.preset != wanted.preset:
            return f"it had preset {self.preset}, asked for was {wanted.preset}"
        if self.seed != wanted.seed:
            return f"it had seed {self.seed}, asked for was {wanted.seed}"
        if self.parameters != wanted.parameters:
            return "its world's parameters, or its files, were others"
        if sorted(self.accounts) != sorted(wanted.accounts):
            had, asked = ", ".join(self.accounts), ", ".join(wanted.accounts)
            return f"it had the accounts {had}, asked for were {asked}"
        return ""


class Remembered(msgspec.Struct, frozen=True, kw_only=True):
    """An exchange as its file knows it."""

    instance: str
    port: int
    identity: Identity
    ended: bool = False  # its market has no more


def identity_of(config: ExchangeConfig) -> Identity:
    """The exchange that `config` describes. Raises ConfigInvalid for a world that can't be one."""
    if config.market == SYNTHETIC:
        parameters = preset_world(config.preset).hash
    elif Path(config.market).suffix == ".toml":
        parameters = load_world(Path(config.market)).hash
    else:
        parameters = f"{_size(Path(config.market))} bytes"
    return Identity(
        market=config.market,
        preset=config.preset if config.market == SYNTHETIC else "",
        seed=config.seed,
        parameters=parameters,
        accounts=[spec.name for spec in config.specs],
    )


def _size(path: Path) -> int:
    """Bytes of a file, or of all files in a folder; a market that isn't there is refused by who opens it."""
    files = path.iterdir() if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def remembered(path: Path) -> Remembered | None:
    """What a file that nobody has open remembers; None where there is none. Raises StoreError."""
    if not path.exists():
        return None
    vault = Vault(path)
    try:
        return _read(vault)
    finally:
        vault.close()


class Memory:
    """One exchange's file while the exchange runs."""

    def __init__(self, path: Path, identity: Identity) -> None:
        """Raises ConfigInvalid where the file remembers another exchange, and what Vault raises."""
        self._vault = Vault(path)
        self.keeper: Keeper | None = None
        try:
            self._found = _read(self._vault)
            why = "" if self._found is None else self._found.identity.difference(identity)
            if why:
                raise ConfigInvalid(f"{path} keeps another exchange: {why}; {_WAY_OUT}")
        except BaseException:
            self._vault.close()
            raise
        self._identity = identity
        self.instance = secrets.token_hex(16) if self._found is None else self._found.instance
        self.port = 0 if self._found is None else self._found.port  # where it listened; 0: nowhere yet

    def listen(self, listener: Listener) -> Listener:
        """Who is to hear of changes, and passes them on to `listener`."""
        self._ledger = Ledger(self._vault, listener)
        return self._ledger

    def open(self, exchange: Exchange, feed: Feed, speed: float, now: int) -> Keeper:
        """The exchange goes on where it stood, or begins."""
        keeper = self.keeper = Keeper(self._vault, exchange, feed, self._ledger, speed)
        try:
            if self._found is None:
                self._identify(0)
                keeper.begin()
            else:
                keeper.resume(now)
        except BaseException:
            self._vault.close(discard=True)
            raise
        return keeper

    def remember_port(self, port: int) -> None:
        """Where the exchange listens, so that its clients find it there again."""
        self._identify(port)
        self._vault.commit()

    def close(self, *, ended: bool) -> None:
        """Save the market where it can be, and let go of the file; `ended`: the market has no more."""
        assert self.keeper is not None
        self.keeper.ended = ended
        try:
            with contextlib.suppress(StoreError):  # the disk is full, which was said when it was
                self._identify(self.port, ended=ended)
                self.keeper.save()
        finally:
            self._vault.close(discard=True)

    def _identify(self, port: int, *, ended: bool = False) -> None:
        self.port = port
        row = Remembered(instance=self.instance, port=port, identity=self._identity, ended=ended)
        self._vault.put(IDENTITY, SELF, msgspec.msgpack.encode(row))


def _read(vault: Vault) -> Remembered | None:
    content = vault.row(IDENTITY, SELF)
    if content is None:
        return None
    try:
        return msgspec.msgpack.decode(content, type=Remembered)
    except UNREADABLE as error:
        raise StoreDamaged(
            f"{vault.path}: the exchange's file can't be read ({error}); {_WAY_OUT}", str(vault.path), 0
        ) from error
