"""What a test needs to make a running exchange misbehave: its control port as a class."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp

WITHIN = 30.0  # seconds until a hook that should have done its work counts as broken


class BadRequest(Exception):
    """The control port said no; the text is its sentence."""


class Faults:
    """A client of one control port."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        assert url, "the exchange has no control port: open it with control=0"
        self._session = session
        self._url = url

    async def hooks(self) -> list[dict[str, Any]]:
        """The table."""
        rows: list[dict[str, Any]] = await self._said("GET", "/hooks", None)
        return rows

    async def arm(self, hook: str, **fields: Any) -> int:
        """Arm one; its id."""
        armed: dict[str, Any] = await self._said("POST", "/arm", {"hook": hook, **fields})
        return int(armed["id"])

    async def fire(self, hook: str, **fields: Any) -> int:
        """Once, now; its id."""
        armed: dict[str, Any] = await self._said("POST", "/fire", {"hook": hook, **fields})
        return int(armed["id"])

    async def armed(self) -> list[dict[str, Any]]:
        """What is armed."""
        rows: list[dict[str, Any]] = await self._said("GET", "/armed", None)
        return rows

    async def log(self) -> list[dict[str, Any]]:
        """What was done."""
        rows: list[dict[str, Any]] = await self._said("GET", "/log", None)
        return rows

    async def disarm(self, number: int | None = None) -> None:
        """Take one back, or all."""
        await self._said("POST", "/disarm", {"all": True} if number is None else {"id": number})

    async def done(self, number: int, times: int = 1) -> None:
        """Wait until a hook did its work so often."""
        async with asyncio.timeout(WITHIN):
            while sum(row["armed"] == number for row in await self.log()) < times:
                await asyncio.sleep(0.01)

    async def _said(self, method: str, path: str, body: object) -> Any:
        async with self._session.request(method, self._url + path, json=body) as answer:
            said = await answer.json()
            if answer.status != 200:
                raise BadRequest(f"{answer.status}: {said['error']}")
            return said
