"""The sources of settings, weakest first, each as a nested table and the name a person knows it by."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from dotenv import dotenv_values
from pydantic_settings import DotEnvSettingsSource, SettingsError

from midas.errors import ConfigInvalid
from midas.settings.model import Settings
from midas.settings.risk import DEFAULT_PROFILES

Table = dict[str, Any]  # what a parser of TOML or of variables hands us, until pydantic has checked it
KeyPath = tuple[str, ...]

INSTALLED = "_workspace"  # the template inside an installed package: not ours to write into
_SECRETS = (("venue", "api_key"), ("venue", "api_secret"))


class Layer(NamedTuple):
    """One source: `name` is its file or "command line", `variables` says that its keys were MIDAS_ names."""

    name: str
    values: Table
    variables: bool = False

    def origin(self, path: KeyPath) -> str:
        """How a person finds the value again: `config.toml`, `.env MIDAS_RISK__LIMITS`."""
        if not self.variables:
            return self.name
        variable = "MIDAS_" + "__".join(path).replace("-", "_").upper()
        return f"{self.name} {variable}".strip()


def defaults(workspace: Path) -> Layer:
    """What holds where nothing is said, as far as it isn't a field's own default."""
    values: Table = {
        "home": default_home(workspace),
        "reference_data": workspace.parent / "shared",
        "risk": {"profiles": DEFAULT_PROFILES},
    }
    return Layer("default", values)


def default_home(workspace: Path) -> Path:
    """Where a desk keeps what it writes, where nobody says."""
    if workspace.name == INSTALLED:
        return Path.home() / ".local" / "share" / "midas"
    return workspace / "data" / "store"


def anchor(workspace: Path) -> Path:
    """What a relative path is relative to."""
    return Path.cwd() if workspace.name == INSTALLED else workspace


def toml_layer(path: Path) -> Layer:
    """A configuration file. Raises ConfigInvalid with the line of a syntax error, and for a secret in it."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigInvalid(f"{path}: not valid TOML: {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigInvalid(f"{path}: can't be read: {error}") from None
    for section, key in _SECRETS:
        table = values.get(section)
        if isinstance(table, dict) and key in table:
            variable = f"MIDAS_{section}__{key}".upper()
            raise ConfigInvalid(
                f"{path}: {section}.{key} is a secret: put it into .env as {variable}, never into TOML"
            )
    return Layer(path.name, _spelt(values))


def variable_layers(workspace: Path, environ: Mapping[str, str]) -> list[Layer]:
    """The MIDAS_ variables of `.env` and of the environment."""
    dotenv = workspace / ".env"
    stored = {key: value for key, value in dotenv_values(dotenv).items() if value is not None}
    return [_variable_layer(".env", stored), _variable_layer("", environ)]


def override_layer(overrides: Mapping[str, object]) -> Layer:
    """The command line's dotted keys: `{"exchange.speed": 5}`."""
    values: Table = {}
    for dotted, value in overrides.items():
        *parents, last = dotted.split(".")
        table = values
        for parent in parents:
            table = table.setdefault(parent, {})
        table[last] = value
    return Layer("command line", _spelt(values))


def merged(layers: list[Layer]) -> Table:
    """One table: later layers win, key by key."""
    result: Table = {}
    for layer in layers:
        _merge(result, layer.values)
    return result


def leaves(table: Mapping[str, Any], above: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    """Each value that isn't a table, with its path of keys."""
    for key, value in table.items():
        if isinstance(value, Mapping) and value:
            yield from leaves(value, (*above, key))
        else:
            yield (*above, key), value


class _Variables(DotEnvSettingsSource):
    """pydantic's reader of variables, over a mapping passed in; unknown MIDAS_ names stay in sight."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        super().__init__(Settings)

    def _read_env_files(self) -> Mapping[str, str | None]:
        return {name.lower(): value for name, value in self._variables.items()}


def _variable_layer(name: str, variables: Mapping[str, str]) -> Layer:
    ours = {key: value for key, value in variables.items() if key.upper().startswith("MIDAS_")}
    for key, value in ours.items():
        try:
            _Variables({key: value})()
        except SettingsError:
            where = f"{name} {key}".strip()
            raise ConfigInvalid(f'{where}: expected JSON such as ["BTCUSDT"], got {value!r}') from None
    return Layer(name, _spelt(_nested(_Variables(ours)())), variables=True)


def _nested(values: Table) -> Table:
    """Unknown names arrive flat; nested they are refused with the same words as in a file."""
    for flat in [key for key in values if "__" in key]:
        _merge(values, override_layer({flat.replace("__", "."): values.pop(flat)}).values)
    return values


def _merge(into: Table, values: Mapping[str, Any]) -> None:
    for key, value in values.items():
        if isinstance(value, Mapping):
            if not isinstance(into.get(key), dict):
                into[key] = {}
            _merge(into[key], value)
        else:
            into[key] = value


def inner(values: Table, path: Iterable[str]) -> Table:
    """The table that a path of keys leads to; an empty one of its own where none is."""
    found: Any = values
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def _spelt(values: Table) -> Table:
    """`trend_following`, as a variable must spell it, and `trend-following` are one name."""
    for (*parents, last), spell in _NAMED_TABLES:
        parent = inner(values, parents)
        table = parent.get(last)
        if isinstance(table, dict):
            parent[last] = {spell(name): value for name, value in table.items()}
    return values


def _dashed(name: str) -> str:
    return name.replace("_", "-")


# Tables whose keys are names, and how those are spelt: variables arrive in lower case with '_'.
_NAMED_TABLES: tuple[tuple[tuple[str, ...], Callable[[str], str]], ...] = (
    (("strategies",), _dashed),
    (("risk", "profiles"), _dashed),
    (("risk", "assets"), str.upper),
    (("risk", "orders", "quantity_max"), str.upper),
    (("exchange", "balances"), str.upper),
)
