from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built and unpacked as an installer would."""
    built = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(built)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    site = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        wheel.extractall(site)
    return site


def _midas(installed: Path, folder: Path, *arguments: str, **said: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "midas", *arguments]
    variables = {key: value for key, value in os.environ.items() if not key.startswith("MIDAS_")}
    variables |= {"PYTHONPATH": str(installed), "HOME": str(folder), **said}
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)


def test_the_wheel_carries_two_import_names_and_the_workspace_as_a_template(installed: Path) -> None:
    names = {path.name for path in installed.iterdir() if not path.name.endswith(".dist-info")}
    assert names == {"midas", "tui"}
    template = installed / "midas" / "_workspace"
    assert {path.name for path in template.iterdir()} == {"config.toml", "strategies", "models", "data"}
    presets = installed / "midas" / "venues" / "sim" / "world" / "presets"
    assert {path.name for path in presets.glob("*.toml")} == {"easy.toml", "medium.toml", "hard.toml"}
    assert not list(installed.rglob("__pycache__"))
    assert not list(template.glob("data/store"))


def test_an_installed_midas_copies_its_workspace_out(installed: Path, tmp_path: Path) -> None:
    ended = _midas(installed, tmp_path, "init", "my-desk")
    assert (ended.returncode, ended.stderr) == (0, "")
    shipped = (ROOT / "config.toml").read_text()
    assert (tmp_path / "my-desk" / "config.toml").read_text() == shipped
    strategies = {path.name for path in (ROOT / "strategies").glob("*.py")}
    assert {path.name for path in (tmp_path / "my-desk" / "strategies").iterdir()} == strategies


def test_an_installed_midas_never_writes_into_its_package(installed: Path, tmp_path: Path) -> None:
    ended = _midas(installed, tmp_path, "doctor")
    assert f"{tmp_path}/.local/share/midas takes files" in ended.stdout
    broken = _midas(installed, tmp_path, "kill", MIDAS_NO_SUCH_KEY="1")
    assert broken.returncode == 0, broken.stderr
    assert (tmp_path / ".local" / "share" / "midas" / "kill.latch").is_file()
    named = _midas(installed, tmp_path, "doctor", MIDAS_HOME="desk")
    assert f"{tmp_path}/desk takes files" in named.stdout
    assert not list(installed.rglob("kill.latch"))
    assert not (installed / "midas" / "_workspace" / "data" / "store").exists()
    assert not (installed / "midas" / "_workspace" / "desk").exists()
