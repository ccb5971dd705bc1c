"""The workspace: where it lies, how its files are loaded by path, and how a new one is made."""

from __future__ import annotations

import importlib.util
import shutil
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

from midas.errors import ConfigInvalid, ParameterInvalid, UsageError, WorkspaceInvalid
from midas.parameters import checked as parameters_of
from midas.ports.strategy import Strategy

_PACKAGE = Path(__file__).resolve().parent
_STRATEGY_SHAPE = (*Strategy.__annotations__, "signal")
_TEMPLATE = ("config.toml", "strategies", "models", "data/__init__.py", "data/sources")


class LoadedStrategy(msgspec.Struct, frozen=True):
    """A strategy class with its checked parameters; `make` gives a fresh instance."""

    name: str
    file: Path
    type: type[Strategy]
    parameters: msgspec.Struct

    def make(self) -> Strategy:
        """A new instance, without memory. Raises WorkspaceInvalid where its constructor fails."""
        try:
            return self.type(self.parameters)
        except (Exception, SystemExit) as error:  # around a plugin: it may raise anything
            raise WorkspaceInvalid(f"{_place(self.file, error)}: {_what(error)}") from error


def template() -> Path:
    """The workspace that ships with midas: the checkout itself, or the copy inside the wheel."""
    checkout = _PACKAGE.parent
    return checkout if (checkout / "config.toml").is_file() else _PACKAGE / "_workspace"


def find_workspace(here: Path, environ: Mapping[str, str]) -> Path:
    """`here` if it holds config.toml, else what MIDAS_WORKSPACE names, else the template."""
    if (here / "config.toml").is_file():
        return here.resolve()
    named = environ.get("MIDAS_WORKSPACE")
    if not named:
        return template()
    folder = Path(named).expanduser().resolve()
    if not (folder / "config.toml").is_file():
        raise ConfigInvalid(
            f"MIDAS_WORKSPACE: {folder} holds no config.toml; `midas init {folder}` makes one"
        )
    return folder


def copy_template(target: Path) -> list[Path]:
    """Copy the shipped workspace into `target` (new or empty); returns the files written."""
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageError(f"{target} is not an empty folder: name a new one, nothing was written")
    try:
        for part in _TEMPLATE:
            _copy(template() / part, target / part)
    except OSError as error:
        raise UsageError(f"{target}: can't write the workspace: {error.strerror or error}") from None
    return sorted(path for path in target.rglob("*") if path.is_file())


def load_strategies(workspace: Path, table: Mapping[str, Mapping[str, object]]) -> list[LoadedStrategy]:
    """The strategies of `table` (file name with '-' for '_' -> parameters), in its order.

    Raises WorkspaceInvalid naming the file for one that is missing, doesn't import, holds no strategy
    class or several, or gets parameters that it doesn't have.
    """
    return [_load(workspace, name, parameters) for name, parameters in table.items()]


def _load(workspace: Path, name: str, parameters: Mapping[str, object]) -> LoadedStrategy:
    file = _file_of(workspace, name)
    found = _strategy_class(_module(file), file)
    try:
        checked = parameters_of(found.Parameters, parameters)
    except ParameterInvalid as error:
        where = f"strategies.{name}.parameters"
        raise ParameterInvalid(error.key, error.value, error.sentence, where) from None
    return LoadedStrategy(name, file, found, checked)


def _file_of(workspace: Path, name: str) -> Path:
    file = workspace / "strategies" / f"{name.replace('-', '_')}.py"
    if not file.is_file():
        present = sorted(path.stem.replace("_", "-") for path in file.parent.glob("[!_]*.py"))
        raise WorkspaceInvalid(
            f"strategies.{name}: {file} is missing; there are: {', '.join(present) or 'none'}"
        )
    return file


def _module(file: Path) -> ModuleType:
    """Run `file` as a flat module: dotted names break pickling, and dataclasses look into sys.modules."""
    name = f"midas_strategy_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise WorkspaceInvalid(f"{_place(file, error)}: doesn't import: {_what(error)}") from error
    return module


def _strategy_class(module: ModuleType, file: Path) -> type[Strategy]:
    own = [value for value in vars(module).values() if _defined_in(value, module)]
    whole = [found for found in own if all(hasattr(found, part) for part in _STRATEGY_SHAPE)]
    if len(whole) == 1:
        return _checked(whole[0], file)
    if len(whole) > 1:
        raise WorkspaceInvalid(f"{file}: holds {len(whole)} strategies; one file, one strategy")
    for found in own:
        if hasattr(found, "signal"):
            lacks = [part for part in _STRATEGY_SHAPE if not hasattr(found, part)]
            raise WorkspaceInvalid(f"{file}: class {found.__name__} lacks {', '.join(lacks)}")
    raise WorkspaceInvalid(f"{file}: holds no strategy: a class with {', '.join(_STRATEGY_SHAPE)}")


def _defined_in(value: Any, module: ModuleType) -> bool:
    return isinstance(value, type) and value.__module__ == module.__name__


def _checked(found: Any, file: Path) -> type[Strategy]:
    parameters = found.Parameters
    if not (isinstance(parameters, type) and issubclass(parameters, msgspec.Struct)):
        raise WorkspaceInvalid(f"{file}: {found.__name__}.Parameters must be a msgspec.Struct")
    strategy: type[Strategy] = found
    return strategy


def _place(file: Path, error: BaseException) -> str:
    """`file:line` of the deepest frame inside `file`; a syntax error knows its own line."""
    if isinstance(error, SyntaxError) and error.filename == str(file):
        return f"{file}:{error.lineno}"
    lines = [
        frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)
    ]
    return f"{file}:{lines[-1]}" if lines else str(file)


def _what(error: BaseException) -> str:
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{type(error).__name__}: {text}"


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copyfile(source, target)
