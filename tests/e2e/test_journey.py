"""A whole day at the console in a real terminal: no pilot, no fake, only keys and what a person sees."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator

import pytest

from tests.e2e.desk import ProcessDesk
from tests.e2e.eyes import Eyes

QUIET_S = 0.45  # longer than the pause after which y is alive
ATTEMPTS = 10
REFUSED = re.compile("── (refused|the engine would refuse this)")
FAR = "50000"  # where nothing trades in this hour


class Trader:
    """Somebody at the keyboard, with the habits of one."""

    def __init__(self, desk: ProcessDesk, size: tuple[int, int], *command: str) -> None:
        self.eyes = Eyes(["-m", "midas", *command], size, desk.home, desk.workspace)

    def says(self, command: str) -> None:
        """A command by its name."""
        self.eyes.key(":")
        self.eyes.until("Commands")
        self.eyes.type(command)
        self.eyes.key("enter")

    def sends(self) -> None:
        """Reviewed, then y; what the engine refuses at this moment is reviewed again a moment later."""
        for _ in range(ATTEMPTS):
            self.eyes.until(lambda screen: "y SEND" in screen or bool(REFUSED.search(screen)))
            if "y SEND" in self.eyes.text:
                self.eyes.key("y")
                self.eyes.until(lambda screen: not re.search("y SEND|── sent", screen))
                if not REFUSED.search(self.eyes.text):
                    break
            self.eyes.look(1.0)
            self.eyes.key("f2")
        self.eyes.gone("Esc close")  # the footer under a dialogue: it would take the next key

    def confirms(self) -> None:
        """A question with y and n: read it, then y, which counts only after a moment."""
        self.eyes.until("y: do it")
        self._insists(lambda: self.eyes.key("y"), lambda screen: "y: do it" not in screen)

    def flattens(self) -> None:
        """In the open panel of a halt: the letter, then the chord before the level disarms by itself."""

        def act() -> None:
            self.eyes.key("f")
            self.eyes.until("armed")
            self.eyes.look(QUIET_S)
            self.eyes.key("chord")

        self._insists(act, lambda screen: "level flatten" in screen)

    def _insists(self, act: Callable[[], None], done: Callable[[str], bool]) -> None:
        for _ in range(ATTEMPTS):
            self.eyes.look(QUIET_S)
            act()
            with contextlib.suppress(AssertionError):
                return self.eyes.until(done, 5.0)
        return self.eyes.until(done, 0.1)

    def own_order(self) -> str:
        """The short id of the order that this hand has at the venue; empty where it has none."""
        found = re.search(r"(?:│|▶|\s)(\w{4})\s+(?:BTC-USDT\s+)?▲BUY.*manual", self.eyes.text)
        return found.group(1) if found else ""


SMALL = pytest.param((80, 24), id="80x24", marks=pytest.mark.long)


@pytest.fixture(params=[pytest.param((120, 40), id="120x40"), SMALL])
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    """The two terminals that everybody has."""
    found: tuple[int, int] = request.param
    return found


@pytest.fixture
def trader(alone: ProcessDesk, size: tuple[int, int]) -> Iterator[Trader]:
    """Opens midas in an empty home."""
    one = Trader(alone, size, "--market", "synthetic", "--seed", "7", "--speed", "1")
    yield one
    one.eyes.close()


def test_a_day_at_the_console(trader: Trader, alone: ProcessDesk, size: tuple[int, int]) -> None:
    eyes = trader.eyes
    eyes.until("HALT ^\\", 60.0)
    eyes.until(lambda screen: "✓" in screen.splitlines()[1], 60.0)  # reconciled

    # the book
    eyes.until("spread")
    eyes.key("j", "j", "j")
    eyes.until("▶")

    # an order at the cursor, another price, withdrawn
    eyes.key("b")
    eyes.until("quantity")
    eyes.type("0.01")
    eyes.key("tab")
    eyes.type(FAR)
    eyes.key(*["s-down"] * 3, "f2")
    trader.sends()
    eyes.key("4")
    eyes.until(lambda _: bool(trader.own_order()))
    first = trader.own_order()
    trader.says(f"amend {first}")
    eyes.until("price")
    eyes.key("tab", "down", "down", "f2")
    trader.sends()
    eyes.until(lambda _: trader.own_order() not in ("", first))
    trader.says(f"cancel {trader.own_order()}")
    trader.confirms()
    eyes.until(lambda _: not trader.own_order())

    # a position, closed by hand
    trader.says("buy 0.01 BTC-USDT")
    trader.sends()
    eyes.until(lambda screen: bool(re.search(r"BTC-USDT\s+manual.*LONG", screen)))
    trader.says("close BTC-USDT manual")
    trader.sends()
    eyes.until(lambda screen: not re.search(r"BTC-USDT\s+manual.*LONG", screen))

    # modes: safer at once, riskier with a reason and y
    eyes.key("f7")
    eyes.until("◎ OBSERVATION")
    eyes.key("f5")
    eyes.until("Go riskier")
    eyes.type("calm again")
    eyes.key("enter")
    trader.confirms()
    eyes.until(lambda screen: "▲ NORMAL" in screen.splitlines()[0])

    # halt, flatten, go on
    trader.says("buy 0.01 BTC-USDT")
    trader.sends()
    eyes.until(lambda screen: bool(re.search(r"BTC-USDT\s+manual.*LONG", screen)))
    eyes.key("chord")
    eyes.until("HALTED")
    trader.flattens()
    eyes.until("verified", 60.0)
    eyes.key("esc")
    eyes.key("R")
    eyes.until("Resume after a halt")
    eyes.type("journey")
    eyes.key("enter")
    eyes.until("type resume")
    eyes.type("resume")
    eyes.key("enter")
    eyes.until(lambda screen: "◎ OBSERVATION" in screen.splitlines()[0])
    eyes.gone("HALTED")

    # leave, and come back
    eyes.key("c-q")
    assert eyes.ended() == 0
    assert "the engine trades on" in eyes.text
    again = Trader(alone, size, "attach")
    try:
        again.eyes.until("◎ OBSERVATION")
        again.eyes.key("c-q")
        assert again.eyes.ended() == 0
    finally:
        again.eyes.close()
    assert alone.status()["reconciled"]
