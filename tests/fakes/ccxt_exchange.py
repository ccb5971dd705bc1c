"""ccxt and ccxt.pro, unmodified, pointed at a running exchange."""

from __future__ import annotations

from typing import Any

import ccxt
import ccxt.pro

from midas.venues.sim.runfile import RunFile


def options(run: RunFile) -> dict[str, Any]:
    """What a ccxt constructor takes: our addresses, our keys, spot markets only."""
    http, ws = run.http, run.ws
    return {
        "apiKey": run.api_key,
        "secret": run.api_secret,
        "urls": {
            "api": {
                "public": f"{http}/api/v3",
                "private": f"{http}/api/v3",
                "v1": f"{http}/api/v1",
                **dict.fromkeys(("sapi", "sapiV2", "sapiV3", "sapiV4"), f"{http}/sapi/v1"),
                # ccxt tells spot from futures by "/stream" in the address.
                "ws": {"spot": f"{ws}/stream/ws", "ws-api": {"spot": f"{ws}/ws-api/v3"}},
            }
        },
        "options": {
            "fetchMarkets": {"types": ["spot"]},
            "fetchCurrencies": False,
            "fetchMargins": False,
        },
    }


def streaming(run: RunFile) -> Any:
    """ccxt.pro's client; its owner closes it."""
    return ccxt.pro.binance(options(run))
