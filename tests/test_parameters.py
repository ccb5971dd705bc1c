"""A wrong parameter is named with what it was given and what it may be."""

from __future__ import annotations

import pickle
from enum import Enum
from typing import Annotated, Literal

import msgspec
import pytest

from midas.errors import ParameterInvalid
from midas.parameters import checked


class Side(Enum):
    LONG = "long"
    SHORT = "short"


class Given(msgspec.Struct, frozen=True, kw_only=True):
    span: Annotated[int, msgspec.Meta(ge=2, le=10_000)] = 60
    share: Annotated[float, msgspec.Meta(gt=0.0, lt=0.5)] = 0.1
    least: Annotated[float, msgspec.Meta(ge=1.0)] = 1.0
    way: Literal["fast", "slow"] = "fast"
    side: Side = Side.LONG
    wild: bool = True
    after: int | None = None

    def __post_init__(self) -> None:
        if self.span == 7:
            raise ValueError("expected a span that isn't 7")


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("span", "abc", "expected a whole number from 2 to 10,000"),
        ("span", 2.5, "expected a whole number from 2 to 10,000"),
        ("span", 1, "expected a whole number from 2 to 10,000"),
        ("share", 0.7, "expected a number above 0.0 and below 0.5"),
        ("least", 0.5, "expected a number of at least 1.0"),
        ("way", "soon", "expected one of fast, slow"),
        ("side", "flat", "expected one of long, short"),
        ("wild", "maybe", "expected true or false"),
        ("after", "x", "expected a whole number or null"),
        ("spam", 1, "no such parameter; it has: span, share, least, way, side, wild, after"),
    ],
)
def test_each_is_told_with_what_it_may_be(key: str, value: object, sentence: str) -> None:
    with pytest.raises(ParameterInvalid) as raised:
        checked(Given, {key: value})
    assert (raised.value.key, raised.value.sentence) == (key, sentence)
    again = pickle.loads(pickle.dumps(raised.value))
    assert str(again) == str(raised.value) == f"{key} = {value!r}: {sentence}"


def test_what_several_may_not_be_together_is_the_strategys_own_sentence() -> None:
    with pytest.raises(ParameterInvalid) as raised:
        checked(Given, {"span": 7})
    assert raised.value.key == "" and str(raised.value) == "span=7: expected a span that isn't 7"


def test_what_fits_is_taken() -> None:
    assert checked(Given, {"span": "30", "share": 0.25}) == Given(span=30, share=0.25)
