"""The guide tells whoever writes a strategy everything that it is shown and may answer."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from midas import api

GUIDE = Path(__file__).parent.parent / "docs" / "USER_GUIDE.md"


def _page() -> str:
    found = re.search(r"^## A strategy of your own$(.*?)^## ", GUIDE.read_text(), re.DOTALL | re.MULTILINE)
    assert found is not None
    return found.group(1)


def _public(kind: type) -> list[str]:
    if issubclass(kind, msgspec.Struct):
        return list(kind.__struct_fields__)
    return [name for name in vars(kind) if not name.startswith("_") and name != "short"]


@pytest.mark.parametrize(
    "kind",
    [
        api.MarketView, api.Bar, api.Instrument, api.Briefing, api.Regime, api.RegimeLabel, api.Forecast,
        api.Opinion, api.Family, api.Urgency, api.Hears, api.Columns,
    ],
    ids=lambda kind: kind.__name__,
)  # fmt: skip
def test_every_public_name_stands_in_the_guide(kind: type) -> None:
    words = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`]+)`", _page()))))
    assert not set(_public(kind)) - words
