"""Modules that are loaded at their first use."""

from __future__ import annotations

import subprocess
import sys

import pytest

from midas.state.lazy import named_only, stand_in, when_used


def loaded_after(imports: str, work: str = "") -> set[str]:
    """The modules that a fresh interpreter holds after `imports` and `work`."""
    code = f"import sys, {imports}\n{work}\nprint(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(found.stdout.split())


def test_whoever_reads_an_old_journal_loads_neither_compiler_nor_arrays_nor_engine() -> None:
    loaded = loaded_after(
        "midas.cli.run, midas.assembly.ahead, midas.state.book", "midas.state.book.OrderBook()"
    )
    assert loaded.isdisjoint({"numba", "numpy._core", "midas.engine.engine"})


def test_a_book_that_nobody_filled_reads_as_empty() -> None:
    assert "numpy._core" in loaded_after(
        "midas.state.book",
        "book = midas.state.book.OrderBook()\nassert book.sizes == (0, 0) and not book.depth(9)[0]",
    )


def test_the_first_book_that_is_filled_loads_it() -> None:
    fill = "import numpy; midas.state.book.OrderBook().load(numpy.array([[1, 1]]), 1)"
    assert "numba" in loaded_after("midas.state.book", fill)


def test_a_loaded_module_is_given_as_it_is() -> None:
    assert when_used("sys") is sys


def test_an_unknown_module_is_refused_at_once() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"midas\.nothing"):
        when_used("midas.nothing")


def test_kernels_load_no_parser_of_c_or_of_yaml() -> None:
    fill = "import numpy; midas.state.book.OrderBook().load(numpy.array([[1, 1]]), 1)"
    assert {"cffi", "pycparser", "yaml"}.isdisjoint(loaded_after("midas.state.book", fill))
    assert {"cffi", "yaml"} <= loaded_after("midas.state.kernel", "import cffi, yaml")


def test_an_exchange_is_reached_without_private_keys_and_dates_in_words() -> None:
    loaded = loaded_after("midas.venues.binance.client")
    assert loaded.isdisjoint({"regex", "cffi", "Crypto.PublicKey.RsaKey", "Crypto.Math.Numbers"})


def test_the_first_use_of_a_stand_in_or_of_a_part_loads_the_module_itself() -> None:
    work = (
        "from binance.base_client import RSA\nkind = RSA.RsaKey\n"
        "assert sys.modules['Crypto.PublicKey.RSA'].RsaKey is kind\n"
        "from dateparser.search import search_dates"
    )
    assert {"Crypto.Math.Numbers", "regex"} <= loaded_after("midas.venues.binance.client", work)


def test_a_name_that_is_only_mentioned_loads_nothing_until_it_is_used() -> None:
    work = (
        "from requests import Session\nimport binance.client\n"
        "assert binance.client.requests.Session is Session"
    )
    assert {"urllib3", "charset_normalizer"}.isdisjoint(loaded_after("midas.venues.binance.client"))
    assert "urllib3" in loaded_after("midas.venues.binance.client", work)


def test_names_of_what_is_loaded_stay_what_they_are() -> None:
    with named_only("subprocess", "Popen"):
        assert subprocess.Popen is not None
    assert subprocess.Popen is not None


def test_nobody_stands_in_for_what_is_loaded_or_unknown() -> None:
    stand_in("subprocess")
    stand_in("midas_nothing")
    assert sys.modules["subprocess"] is subprocess
    assert "midas_nothing" not in sys.modules
