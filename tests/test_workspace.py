from __future__ import annotations

import pickle
import sys
from pathlib import Path

import pytest

from midas.errors import ConfigInvalid, UsageError, WorkspaceInvalid
from midas.workspace import copy_template, find_workspace, load_strategies

STRATEGY = """
import msgspec

class Settings(msgspec.Struct, frozen=True):
    window: int = 20
    threshold: float = 0.5

class Echo:
    name = "echo"
    family = "TREND_FOLLOWING"
    hears = "bar"
    trades_unknown = False
    Parameters = Settings

    def __init__(self, parameters):
        self.parameters = parameters

    def signal(self, market, briefing):
        return None
"""


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A workspace with one good strategy, `echo-one`."""
    folder = tmp_path / "desk"
    (folder / "strategies").mkdir(parents=True)
    (folder / "config.toml").write_text("")
    (folder / "strategies" / "echo_one.py").write_text(STRATEGY)
    return folder


def _write(desk: Path, code: str) -> None:
    (desk / "strategies" / "echo_one.py").write_text(code)


def test_a_strategy_is_loaded_by_path_with_its_parameters_checked(desk: Path) -> None:
    (loaded,) = load_strategies(desk, {"echo-one": {"window": 5, "threshold": "0.25"}})
    assert (loaded.name, loaded.type.__name__) == ("echo-one", "Echo")
    assert loaded.parameters == loaded.type.Parameters(window=5, threshold=0.25)
    assert loaded.make() is not loaded.make()


def test_a_loaded_class_survives_pickling_because_its_module_has_a_flat_registered_name(desk: Path) -> None:
    (loaded,) = load_strategies(desk, {"echo-one": {}})
    assert loaded.type.__module__ == "midas_strategy_echo_one"
    assert sys.modules[loaded.type.__module__].Echo is loaded.type
    assert pickle.loads(pickle.dumps(loaded.type)) is loaded.type


def test_the_strategy_that_the_contributing_guide_shows_does_load(desk: Path) -> None:
    guide = (Path(__file__).parent.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    example = guide.split("## Add a strategy")[1].split("```python\n")[1].split("```")[0]
    (desk / "strategies" / "reversal.py").write_text(example)
    (loaded,) = load_strategies(desk, {"reversal": {"threshold": 0.003}})
    assert loaded.make().name == "reversal"


def test_strategies_come_in_the_order_of_the_table(desk: Path) -> None:
    (desk / "strategies" / "another.py").write_text(STRATEGY)
    names = [loaded.name for loaded in load_strategies(desk, {"echo-one": {}, "another": {}})]
    assert names == ["echo-one", "another"]


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("import no_such_module\n", r"echo_one\.py:1: doesn't import: ModuleNotFoundError"),
        ("x = 1\nx = = 2\n", r"echo_one\.py:2: doesn't import: SyntaxError"),
        ("\n\nraise RuntimeError('boom')\n", r"echo_one\.py:3: doesn't import: RuntimeError: boom"),
        ("import sys\nsys.exit('no key')\n", r"echo_one\.py:2: doesn't import: SystemExit: no key"),
        ("x = 1\n", r"echo_one\.py: holds no strategy"),
        ("class Half:\n    def signal(self): return None\n", r"class Half lacks name, family, hears"),
        (STRATEGY + STRATEGY.replace("Echo", "Twin"), r"holds 2 strategies; one file, one strategy"),
        (STRATEGY.replace("Parameters = Settings", "Parameters = dict"), r"must be a msgspec\.Struct"),
    ],
)
def test_a_broken_file_is_named_with_its_line_and_its_error(desk: Path, code: str, sentence: str) -> None:
    _write(desk, code)
    with pytest.raises(WorkspaceInvalid, match=sentence):
        load_strategies(desk, {"echo-one": {}})


def test_a_file_that_failed_to_import_leaves_no_half_module_behind(desk: Path) -> None:
    _write(desk, "raise RuntimeError")
    with pytest.raises(WorkspaceInvalid):
        load_strategies(desk, {"echo-one": {}})
    assert "midas_strategy_echo_one" not in sys.modules or hasattr(
        sys.modules["midas_strategy_echo_one"], "Echo"
    )


def test_a_missing_file_is_answered_with_the_ones_that_are_there(desk: Path) -> None:
    with pytest.raises(
        WorkspaceInvalid, match=r"strategies\.trend: .*trend\.py is missing; there are: echo-one"
    ):
        load_strategies(desk, {"trend": {}})


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        (
            {"windw": 5},
            r"strategies\.echo-one\.parameters: windw = 5: no such parameter; it has: window",
        ),
        ({"window": "many"}, r"strategies\.echo-one\.parameters: window = 'many': expected a whole number"),
    ],
)
def test_an_unknown_or_impossible_parameter_names_itself(
    desk: Path, parameters: dict[str, object], sentence: str
) -> None:
    with pytest.raises(WorkspaceInvalid, match=sentence):
        load_strategies(desk, {"echo-one": parameters})


def test_a_constructor_that_raises_is_one_sentence_with_its_line(desk: Path) -> None:
    _write(desk, STRATEGY.replace("self.parameters = parameters", "raise ValueError('window too short')"))
    (loaded,) = load_strategies(desk, {"echo-one": {}})
    with pytest.raises(WorkspaceInvalid, match=r"echo_one\.py:\d+: ValueError: window too short"):
        loaded.make()


def test_the_folder_we_stand_in_wins_over_the_variable_over_the_template(desk: Path, tmp_path: Path) -> None:
    named = {"MIDAS_WORKSPACE": str(desk)}
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert find_workspace(desk, {"MIDAS_WORKSPACE": "/nowhere"}) == desk
    assert find_workspace(elsewhere, named) == desk
    assert (find_workspace(elsewhere, {}) / "config.toml").is_file()


def test_a_variable_that_names_no_workspace_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigInvalid, match=r"MIDAS_WORKSPACE: .*nowhere holds no config\.toml; `midas init"):
        find_workspace(tmp_path, {"MIDAS_WORKSPACE": str(tmp_path / "nowhere")})


def test_the_template_is_copied_without_caches_or_stored_data(tmp_path: Path) -> None:
    written = {path.relative_to(tmp_path / "desk").as_posix() for path in copy_template(tmp_path / "desk")}
    assert {
        "config.toml",
        "strategies/__init__.py",
        "models/__init__.py",
        "data/sources/__init__.py",
    } <= written
    assert not [path for path in written if "__pycache__" in path or path.startswith("data/store")]


def test_a_folder_with_anything_in_it_is_never_written_to(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(UsageError, match="is not an empty folder"):
        copy_template(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
