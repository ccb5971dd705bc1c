"""The squeezer must never change what a person sees."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from tui.squeeze import squeeze

_TOKEN = re.compile(r"\x1b\[([0-9;]*)m|\x1b\[[0-9;?]*[A-Za-ln-z]|(.)", re.DOTALL)
_CODES = [
    "0",
    "1",
    "2",
    "7",
    "38;2;1;2;3",
    "38;2;9;9;9",
    "48;2;4;5;6",
    "48;5;233",
    "38;5;7",
    "31",
    "42",
    "39",
    "49",
]

_TEXTS = ["", "ab", " ", "\x1b[3;4H", "│"]


def cells(data: str) -> tuple[list[tuple[str, frozenset[str], str, str]], frozenset[str], str, str]:
    """Every character with its attributes and colours, and the pen at the end: a tiny terminal of its own."""
    attributes: frozenset[str] = frozenset()
    front = back = ""
    seen = []
    for match in _TOKEN.finditer(data):
        if match[2] is not None:
            seen.append((match[2], attributes, front, back))
        elif match[1] is not None:
            codes = iter(match[1].split(";") if match[1] else ["0"])
            for code in codes:
                if code == "0":
                    attributes, front, back = frozenset(), "", ""
                elif code in ("38", "48"):
                    kind = next(codes)
                    colour = f"{kind}:" + ":".join(next(codes) for _ in range(3 if kind == "2" else 1))
                    front, back = (colour, back) if code == "38" else (front, colour)
                elif code in ("39", "31"):
                    front = "" if code == "39" else code
                elif code in ("49", "42"):
                    back = "" if code == "49" else code
                else:
                    attributes |= {code}
    return seen, attributes, front, back


@given(
    st.lists(
        st.tuples(
            st.lists(st.sampled_from(_CODES), min_size=1, max_size=3),
            st.sampled_from(["", "ab", " ", "\x1b[3;4H", "│"]),
        ),
        max_size=12,
    )
)
def test_every_character_keeps_its_look_and_the_pen_ends_the_same(runs: list[tuple[list[str], str]]) -> None:
    data = "".join(f"\x1b[{';'.join(codes)}m{text}" for codes, text in runs)
    assert cells(squeeze(data)) == cells(data)


def test_a_row_of_one_background_says_it_once() -> None:
    data = "".join(f"\x1b[38;2;{n};0;0;48;2;16;19;23m{n:>5}\x1b[0m" for n in range(5))
    squeezed = squeeze(data)
    assert squeezed.count("48;2;16;19;23") == 1
    assert len(squeezed) <= len(data) * 0.6
    assert squeezed.endswith("\x1b[0m")


def test_text_without_colours_is_left_alone() -> None:
    assert squeeze("\x1b[?1049h\x1b[2;3Hplain") == "\x1b[?1049h\x1b[2;3Hplain"
