"""How a venue account is reached: the table of environments."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from pathlib import Path

import msgspec

from midas.domain.mode import Environment
from midas.errors import ConfigInvalid
from midas.settings import Settings
from midas.store.lock import AccountLock
from midas.venues.binance.endpoints import Endpoints, refuse_non_loopback

SOCKET_PATH_MAX = 80  # a Unix socket's path has at most about 100 bytes


class Access(msgspec.Struct, frozen=True):
    """How to reach a venue account."""

    endpoints: Endpoints
    account: str
    api_key: str
    api_secret: str
    speed: float = 1.0
    leave_unlisted: bool = False  # a recording serves one symbol: configured ones that it lacks are left out
    market: str = ""  # of an embedded exchange
    told_by_venue: bool = False  # whose account it is, which the name doesn't say before `identified`

    def __repr__(self) -> str:
        return f"Access({self.account})"  # never the keys


def access(settings: Settings) -> Access:
    """DEMO and LIVE: the configured addresses and keys. (SIM's come from the exchange's run file.)"""
    venue = settings.venue
    if settings.environment not in (Environment.DEMO, Environment.LIVE):
        raise ConfigInvalid(
            f"environment {settings.environment.value} isn't one of this version: use SIM, DEMO or LIVE"
        )
    addresses = ("rest_url", "sapi_url", "ws_api_url", "stream_url")
    missing = [f"venue.{name}" for name in addresses if not getattr(venue, name)]
    if not venue.api_key.get_secret_value() or not venue.api_secret.get_secret_value():
        missing.append("MIDAS_VENUE__API_KEY and MIDAS_VENUE__API_SECRET")
    if missing:
        raise ConfigInvalid(f"environment {settings.environment.value} needs {', '.join(missing)}")
    endpoints = Endpoints(venue.rest_url, venue.sapi_url, venue.ws_api_url, venue.stream_url)
    account = f"{settings.environment.value.lower()}-{venue.name}"
    keys = venue.api_key.get_secret_value(), venue.api_secret.get_secret_value()
    return Access(endpoints, account, *keys, told_by_venue=True)


def identified(access: Access, uid: int) -> Access:
    """The same with the account's own name: two accounts never share a ledger, and a new key changes nothing.

    `uid`: the account's number at the venue; 0: it tells none, and the key stands for it. Neither can be read
    out of the name.
    """
    if not access.told_by_venue:
        return access
    whose = f"uid {uid}" if uid else f"key {access.api_key}"
    mark = hashlib.blake2b(whose.encode(), digest_size=6, person=b"midas account").hexdigest()
    return msgspec.structs.replace(access, account=f"{access.account}-{mark}", told_by_venue=False)


def continues(recorded: str, account: str) -> bool:
    """Whether a session kept under `recorded` is this account's, as far as names tell.

    DEMO and LIVE were kept without saying whose account it was, before accounts were told apart.
    """
    return recorded in (account, account.rpartition("-")[0])


def public(settings: Settings) -> Endpoints:
    """DEMO and LIVE: the configured addresses of what anybody may ask; no key is needed."""
    venue = settings.venue
    missing = [f"venue.{name}" for name in ("rest_url", "stream_url") if not getattr(venue, name)]
    if missing:
        raise ConfigInvalid(f"environment {settings.environment.value} needs {', '.join(missing)}")
    rest, streams = venue.rest_url, venue.stream_url
    return Endpoints(rest, venue.sapi_url or rest, venue.ws_api_url or streams, streams)


def simulated(
    http: str, ws: str, instance: str, keys: tuple[str, str], speed: float, market: str = ""
) -> Access:
    """SIM: the exchange process, refused where any of its addresses leaves this machine."""
    endpoints = Endpoints.at(http, ws)
    refuse_non_loopback(endpoints)
    return Access(endpoints, f"sim-{instance[:12]}", *keys, speed, leave_unlisted=True, market=market)


def sockets(home: Path) -> tuple[Path, Path]:
    """(link, kill) sockets of a home; in a short private folder where the home's own path is too long."""
    folder = home
    if len(str(home)) > SOCKET_PATH_MAX:
        mark = hashlib.blake2b(str(home).encode(), digest_size=6).hexdigest()
        folder = Path(tempfile.gettempdir()) / f"midas-{os.getuid()}-{mark}"
        _make_private(folder, "remove it, or choose a shorter MIDAS_HOME")
    return folder / "link.sock", folder / "kill.sock"


def account_lock(access: Access, home: Path, folder: Path | None = None) -> AccountLock:
    """One engine of this user on this machine and account, whatever its home. Raises ConfigInvalid."""
    # Not the folder that TMPDIR names: every engine of a user has to look in the same place.
    folder = folder or Path("/tmp") / f"midas-{os.getuid()}-accounts"
    _make_private(folder, "remove it")
    mark = hashlib.blake2b(f"{access.account}\0{access.api_key}".encode(), digest_size=12).hexdigest()
    return AccountLock(folder / f"{mark}.lock", f"account {access.account}", home)


def _make_private(folder: Path, way_out: str) -> None:
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise ConfigInvalid(f"{folder} can't be made: {error.strerror}; {way_out}") from None
    if found.st_uid != os.getuid() or not stat.S_ISDIR(found.st_mode) or found.st_mode & 0o077:
        raise ConfigInvalid(f"{folder} isn't a private folder of yours; {way_out}")
