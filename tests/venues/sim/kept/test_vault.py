from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from midas.errors import AlreadyRunning, SchemaNewer, StoreDamaged
from midas.venues.sim.kept.vault import Vault

WRITER = """
import sys, time
from pathlib import Path
from midas.venues.sim.kept.vault import Vault
vault = Vault(Path(sys.argv[1]))
for number in range(10_000_000):
    vault.put("order", f"{number:09d}", b"x" * 50)
    vault.put("balance", "USDT", str(number).encode())
    vault.commit()
    print(number, flush=True)
"""


def test_what_was_committed_is_there_again_and_what_was_not_is_not(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "accounts.db")
    vault.put("order", "2", b"two")
    vault.put("order", "1", b"one")
    vault.put("deal", "1", b"deal")
    vault.commit()
    vault.put("order", "1", b"changed")
    vault.drop("order", "2")
    assert vault.rows("order") == [("1", b"one"), ("2", b"two")]
    vault.commit()
    vault.close()
    again = Vault(tmp_path / "accounts.db")
    assert again.rows("order") == [("1", b"changed")]
    assert again.row("deal", "1") == b"deal" and again.row("deal", "2") is None
    again.clear()
    assert again.rows("order") == []
    again.close()


def test_a_second_owner_is_refused_in_a_sentence(tmp_path: Path) -> None:
    first = Vault(tmp_path / "accounts.db")
    first.put("order", "1", b"one")
    first.commit()
    with pytest.raises(AlreadyRunning, match="another exchange has these accounts open"):
        Vault(tmp_path / "accounts.db")
    first.close()
    Vault(tmp_path / "accounts.db").close()


def test_a_file_of_another_kind_and_one_of_the_future_are_refused_and_left_alone(tmp_path: Path) -> None:
    foreign = tmp_path / "notes.txt"
    foreign.write_bytes(b"no database at all" * 300)
    with pytest.raises(StoreDamaged, match="move it away"):
        Vault(foreign)
    assert foreign.read_bytes() == b"no database at all" * 300
    newer = tmp_path / "newer.db"
    with sqlite3.connect(newer) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(SchemaNewer, match="schema 99"):
        Vault(newer)


def test_a_killed_owner_leaves_every_commit_that_it_told_of_and_never_half_of_one(tmp_path: Path) -> None:
    path = tmp_path / "accounts.db"
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    told = 0
    for line in writer.stdout:
        told = int(line)
        if told >= 500:
            break
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    vault = Vault(path)
    orders, balance = vault.rows("order"), vault.row("balance", "USDT")
    vault.close()
    assert balance is not None and int(balance) == len(orders) - 1
    assert len(orders) > told
