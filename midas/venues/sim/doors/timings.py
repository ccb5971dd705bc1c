"""How the exchange treats sockets, in seconds of wall time: the venue's figures, smaller ones in tests."""

from __future__ import annotations

import msgspec


class SocketTimings(msgspec.Struct, frozen=True, kw_only=True):
    """Pings, cuts and limits of WebSocket connections."""

    ping_every_s: float = 20.0
    silence_max_s: float = 60.0  # without a pong that copies the last ping
    life_s: float = 86_400.0  # then every connection is cut
    notice_s: float = 10.0  # serverShutdown precedes the cut by so much
    look_every_s: float = 1.0
    close_within_s: float = 2.0  # a client that doesn't answer a close frame is cut after that
    streams_max: int = 1_024
    messages_a_second: int = 5  # of a stream client: pings, pongs and requests
