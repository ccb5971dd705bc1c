"""What several commands are tried on."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

HEAD = "datetime,open,high,low,close,volume\n"


@pytest.fixture
def candles(tmp_path: Path) -> str:
    """A year of days that rise, fall and rise."""
    rows, price = [], 100.0
    for day in range(365):
        opened, price = price, price * (1.01 if day % 120 < 80 else 0.985)
        low, high = min(opened, price) * 0.99, max(opened, price) * 1.01
        at = (date(2020, 1, 1) + timedelta(days=day)).isoformat()
        rows.append(f"{at},{opened:.2f},{high + 0.01:.2f},{low - 0.01:.2f},{price:.2f},1000\n")
    path = tmp_path / "btcusdt-1d.csv"
    path.write_text(HEAD + "".join(rows))
    return str(path)
