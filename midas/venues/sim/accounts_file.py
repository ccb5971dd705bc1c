"""Accounts in a file: TOML, one `[[accounts]]` each.

[[accounts]]
name = "maker"
api_key = "key-of-maker"
api_secret = "secret-of-maker"      # or public_key = PEM text, or public_key_file = path
balances = { USDT = "10000", BTC = "1" }
tiers = true                        # or maker_fee and taker_fee, as fractions
"""

from __future__ import annotations

import tomllib
from collections import Counter
from decimal import Decimal
from pathlib import Path

import msgspec

from midas.costs import FeeSchedule
from midas.errors import ConfigInvalid
from midas.venues.sim.floor import keys
from midas.venues.sim.floor.accounts import OPENING, AccountSpec
from midas.venues.sim.world.sentences import refusal

FEE_MAX = Decimal("0.1")


class _Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One account as it is written down."""

    name: str
    api_key: str
    api_secret: str = ""
    public_key: str = ""
    public_key_file: str = ""
    balances: dict[str, Decimal] = msgspec.field(default_factory=lambda: dict(OPENING))
    tiers: bool = False
    maker_fee: Decimal | None = None
    taker_fee: Decimal | None = None


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    accounts: tuple[_Row, ...]


def read_accounts(path: Path) -> tuple[AccountSpec, ...]:
    """The accounts of a file. Raises ConfigInvalid: where, what was expected, how to mend it."""
    try:
        content = tomllib.loads(path.read_text(), parse_float=Decimal)
        if not content:
            raise ConfigInvalid(f"{path}: there is no account in it; write one [[accounts]] at least")
        found = msgspec.convert(content, _File, strict=False)
    except OSError as error:
        raise ConfigInvalid(f"{path}: can't be read ({error.strerror}); name a file of accounts") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigInvalid(f"{path}: isn't TOML: {error}") from None
    except msgspec.ValidationError as error:
        raise ConfigInvalid(f"{path}: {refusal(str(error), _File)}") from None
    if not found.accounts:
        raise ConfigInvalid(f"{path}: there is no account in it; write one [[accounts]] at least")
    for field in ("name", "api_key"):
        value, count = Counter(getattr(row, field) for row in found.accounts).most_common(1)[0]
        if count > 1:
            raise ConfigInvalid(f"{path}: {count} accounts have the {field} {value!r}; give each its own")
    return tuple(_spec(path, row) for row in found.accounts)


def _spec(path: Path, row: _Row) -> AccountSpec:
    where = f"{path}: account {row.name!r}"
    if not row.name or "|" in row.name or not row.api_key:
        raise ConfigInvalid(f"{where}: name and api_key can't be empty, nor may a name hold '|'")
    pem = _pem(where, path.parent, row)
    if bool(pem) == bool(row.api_secret):
        raise ConfigInvalid(
            f"{where}: expected either api_secret or public_key (or public_key_file); write one of them"
        )
    for asset, amount in row.balances.items():
        if not amount.is_finite() or amount < 0:
            raise ConfigInvalid(
                f"{where}: balance {asset} = {amount}: expected a number from 0; an account owes nothing"
            )
    return AccountSpec(
        name=row.name,
        api_key=row.api_key,
        api_secret=row.api_secret,
        public_key=pem,
        balances=row.balances,
        fees=_fees(where, row),
        tiered=row.tiers,
    )


def _pem(where: str, folder: Path, row: _Row) -> str:
    pem = row.public_key
    if row.public_key_file:
        file = folder / Path(row.public_key_file).expanduser()
        try:
            pem = file.read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigInvalid(f"{where}: public_key_file {file} can't be read: {error}") from None
    if pem:
        try:
            keys.public(pem)
        except ConfigInvalid as error:
            raise ConfigInvalid(f"{where}: {error}") from None
    return pem


def _fees(where: str, row: _Row) -> FeeSchedule | None:
    maker, taker = row.maker_fee, row.taker_fee
    if maker is None and taker is None:
        return None
    if row.tiers or maker is None or taker is None:
        raise ConfigInvalid(f"{where}: expected tiers = true, or maker_fee and taker_fee together")
    if not all(fee.is_finite() and abs(fee) <= FEE_MAX for fee in (maker, taker)):
        raise ConfigInvalid(f"{where}: a fee is a fraction of at most {FEE_MAX}, such as 0.001")
    return FeeSchedule(maker, taker)
