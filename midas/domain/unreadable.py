"""What reading JSON or msgpack that somebody else wrote may raise, for whoever gives it a name."""

from __future__ import annotations

import msgspec

# Bytes that are no UTF-8 are no DecodeError of msgspec, and neither is a nesting deeper than the stack.
UNREADABLE = (msgspec.MsgspecError, UnicodeError, RecursionError)
