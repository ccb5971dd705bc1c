"""Configuration: defaults < config.toml < config.<profile>.toml < .env < environment < command line."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from midas.errors import ConfigInvalid
from midas.settings.layers import (
    Layer,
    anchor,
    default_home,
    defaults,
    inner,
    leaves,
    merged,
    override_layer,
    toml_layer,
    variable_layers,
)
from midas.settings.model import Settings
from midas.settings.sections import SYNTHETIC
from midas.settings.sentences import config_invalid

__all__ = ["Row", "Settings", "anchor", "default_home", "explain", "load_settings"]


_PATHS = (("home",), ("reference_data",), ("exchange", "market"))


class Row(NamedTuple):
    """One effective value, for `midas doctor`."""

    key: str
    value: str
    origin: str


def load_settings(
    workspace: Path,
    profile: str | None = None,
    overrides: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """The settings of `workspace`; `overrides` are dotted keys from the command line.

    Raises ConfigInvalid: one sentence with file or variable, key, and what was expected.
    """
    layers = _layers(workspace, profile, overrides or {}, os.environ if environ is None else environ)
    try:
        settings = Settings(**merged(layers))
    except ValidationError as error:
        raise config_invalid(error, layers) from None
    for layer in layers:
        settings.origins.update((path, layer.origin(path)) for path, _ in leaves(layer.values))
    return settings


def explain(settings: Settings) -> list[Row]:
    """Every effective value with where it came from; secrets as dots."""
    return [Row(".".join(path), _shown(value), _origin(settings, path)) for path, value in _values(settings)]


def _layers(
    workspace: Path, profile: str | None, overrides: Mapping[str, object], environ: Mapping[str, str]
) -> list[Layer]:
    base = workspace / "config.toml"
    if not base.is_file():
        raise ConfigInvalid(f"{base} is missing: start in a workspace, or make one with `midas init DIR`")
    variables = variable_layers(workspace, environ)
    typed = override_layer(overrides)
    files = [toml_layer(base)]
    named = profile or _said([*files, *variables], "profile")
    if named:
        files.append(_profile_layer(workspace, named))
    chosen = Layer("command line", {"profile": profile} if profile else {})
    return _anchored([defaults(workspace), *files, *variables, typed, chosen], workspace)


def _profile_layer(workspace: Path, name: str) -> Layer:
    path = workspace / f"config.{name}.toml"
    if not path.is_file():
        known = ", ".join(sorted(file.name.split(".")[1] for file in workspace.glob("config.*.toml")))
        raise ConfigInvalid(f"profile {name!r}: {path} is missing; profiles here: {known or 'none'}")
    return toml_layer(path)


def _said(layers: list[Layer], key: str) -> str:
    said = [str(layer.values[key]) for layer in layers if key in layer.values]
    return said[-1] if said else ""


def _anchored(layers: list[Layer], workspace: Path) -> list[Layer]:
    """A relative path of any source is relative to the workspace, or to here where that is installed."""
    for layer in layers:
        for *parents, last in _PATHS:
            table = inner(layer.values, parents)
            found = table.get(last)
            if isinstance(found, str) and found not in ("", SYNTHETIC):
                table[last] = str(anchor(workspace) / Path(found).expanduser())
    return [*layers, Layer("found", {"workspace": workspace})]


def _values(settings: Settings) -> list[tuple[tuple[str, ...], Any]]:
    return sorted(
        leaves(settings.model_dump(mode="json", by_alias=True)), key=lambda row: (len(row[0]) > 1, row[0])
    )


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)


def _origin(settings: Settings, path: tuple[str, ...]) -> str:
    return settings.origins.get(path, "default")
