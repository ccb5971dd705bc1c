"""A person's own orders from a shell: the same commands, reviews and answers as on the console."""

from __future__ import annotations

import json
import os
import time
from argparse import Namespace
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from midas.assembly.access import sockets
from midas.cli.absence import speaking
from midas.cli.control import NOTHING_DONE, actor
from midas.cli.options import home_from
from midas.domain.command import (
    AmendOrder,
    Answer,
    CancelEntries,
    CancelOrder,
    ClosePosition,
    Command,
    LimitMove,
    PlaceOrder,
    Review,
    SetStrategy,
)
from midas.errors import CommandRefused, LinkClosed, LinkSilent, UsageError
from midas.risk.tail import span
from midas.runtime.link import SocketLink
from midas.state.views.market import InstrumentView

ALL_ENTRIES = "all-entries"
LIMITS_TOLD = 3  # of those that an order moves: the ones with the least room after it
NOTHING_SENT = "nothing was sent: the same with --confirm sends it"


def order(args: Namespace) -> int:
    """Review an order, or with --confirm send it, once for each ticket."""
    if args.post and not args.price:
        raise UsageError("--post needs a --price: a market order can't wait for anybody")
    kind = "LIMIT_MAKER" if args.post else "LIMIT" if args.price else "MARKET"
    ticket = _ticket(args)
    command = PlaceOrder(
        ticket, args.symbol, args.side, kind, args.quantity, args.price, args.strategy, args.confirm,
        args.large,
    )  # fmt: skip
    return _told(args, _ask_once(args, command, ticket), _facts(args, ticket), NOTHING_SENT)


def amend(args: Namespace) -> int:
    """Review another price or quantity, or with --confirm cancel the order and send it anew."""
    if not (args.quantity or args.price):
        raise UsageError("say what to amend: --quantity, --price or both")
    ticket = _ticket(args)
    command = AmendOrder(ticket, args.id, args.quantity, args.price, args.confirm, args.large)
    return _told(args, _ask_once(args, command, ticket), _facts(args, ticket), NOTHING_DONE)


def cancel(args: Namespace) -> int:
    """Withdraw one order by its id, or the entries of one instrument or of all."""
    with _link(args) as link:
        instruments = link.wait_for_snapshot().instruments
        command = _cancel(args.what, instruments)
        answer = link.ask(command, actor())
    if not answer.accepted and isinstance(command, CancelOrder) and not any(map(str.isdigit, args.what)):
        names = ", ".join(instrument.name for instrument in instruments)
        raise UsageError(f"{answer.message}; instruments are {names}")
    return _told(args, answer, {"done": True})


def close(args: Namespace) -> int:
    """Review the closing of a position, or with --confirm work it down to nothing."""
    answer = _ask(args, ClosePosition(args.symbol, args.strategy, args.confirm))
    booked = answer.review is not None and answer.review.booked
    return _told(args, answer, {"done": args.confirm}, NOTHING_DONE if booked else NOTHING_SENT)


def strategy(args: Namespace) -> int:
    """Pause a strategy at once, or start it again with --confirm."""
    running = args.act == "resume"
    command = SetStrategy(args.name, running, args.reason, args.confirm)
    return _told(args, _ask(args, command), {"done": args.confirm or not running})


def _facts(args: Namespace, ticket: str) -> dict[str, object]:
    """`done`: false where the answer is a review only."""
    return {"ticket": ticket, "done": args.confirm}


def _ticket(args: Namespace) -> str:
    """Unlike any other command's on any machine, unless it is named."""
    return str(args.ticket) or f"cli-{os.getpid():x}-{time.time_ns():x}"


def _ask_once(args: Namespace, command: PlaceOrder | AmendOrder, ticket: str) -> Answer:
    try:
        return _ask(args, command)
    except LinkClosed as error:
        if not command.confirmed or isinstance(error, LinkSilent):
            raise
        again = f"the same with --ticket {ticket} never makes a second order"
        raise LinkClosed(f"{error}; whether it was sent isn't known: {again}") from None


def _ask(args: Namespace, command: Command) -> Answer:
    with _link(args) as link:
        return link.ask(command, actor())


@contextmanager
def _link(args: Namespace) -> Iterator[SocketLink]:
    home: Path = home_from(args)
    with speaking(home):
        link = SocketLink(sockets(home)[0], hz=0)
        link.start()
        try:
            yield link
        finally:
            link.close()


def _cancel(what: str, instruments: Iterable[InstrumentView]) -> Command:
    """An instrument goes before an id: only the engine's own names are instruments."""
    if what.lower() == ALL_ENTRIES:
        return CancelEntries()
    for instrument in instruments:
        if what.upper() in _names(instrument):
            return CancelEntries(instrument.id)
    return CancelOrder(what)


def _names(instrument: InstrumentView) -> tuple[str, ...]:
    return instrument.id.upper(), instrument.name.upper(), f"{instrument.base}{instrument.quote}".upper()


def _told(args: Namespace, answer: Answer, facts: dict[str, object], unconfirmed: str = "") -> int:
    """Print it. Raises UsageError for what nobody could do, CommandRefused for what limits or mode forbid."""
    if not answer.accepted:
        # Only what could be done at another moment, or in another size, has a review.
        raise UsageError(answer.message) if answer.review is None else CommandRefused(answer.message)
    if args.json:
        said = {"accepted": True, "sequence": answer.sequence, "sentence": answer.message, **facts}
        if answer.review is not None:
            said["review"] = msgspec.to_builtins(answer.review)
        print(json.dumps(said))
        return 0
    print(answer.message)
    if answer.review is not None:
        print("\n".join(f"  {word:<9} {text}" for word, text in _rows(answer.review)))
        if not args.confirm:
            print(unconfirmed)
    return 0


def share_text(share: float) -> str:
    """`18.8%`, `0.02%`: with the decimals that tell it from nothing, four at most."""
    digits = next((d for d in (1, 2, 3) if round(share, d + 2)), 4)
    return f"{share:.{digits}%}" if share else "0.0%"


def _plainly(value: float) -> str:
    return f"{value:.8f}".rstrip("0").rstrip(".")


def limit_text(move: LimitMove) -> str:
    """`position BTC-USDT 10.0% -> 19.0% of 20.0%`: from where to where, and the limit."""
    subject = "" if move.subject in (move.limit, "order of", "needed:") else f" {move.subject}"
    told = _plainly if move.unit else share_text
    before, after, most = map(told, (move.before, move.after, move.maximum))
    figures = f"{before} -> {after} {'at least' if move.floor else 'of'} {most} {move.unit}".rstrip()
    beyond = move.after < move.maximum if move.floor else move.after > move.maximum
    return f"{move.limit}{subject} {figures}{' - BEYOND it' if beyond else ''}"


def _rows(review: Review) -> Iterator[tuple[str, str]]:
    """A review in lines."""
    if review.booked:
        yield "value", f"{review.notional:.2f}"
        return
    yield "value", f"{review.notional:.2f}, fee about {review.fee:.4f}"
    if review.takes:
        yield "trades", f"{review.takes:g} at once, {review.slippage_bps:.2f} bp from the mid"
    if review.ahead:
        yield "waits", f"behind {review.ahead:g} at its price"
    yield "leaves", f"the instrument at {share_text(review.equity_share)} of equity, everything filled"
    for place, move in enumerate(review.moves[:LIMITS_TOLD]):
        yield ("" if place else "limits"), limit_text(move)
    if review.horizon:
        said = f"VaR {review.var_before:.2%} -> {review.var_after:.2%} of equity over {span(review.horizon)}"
        yield "risks", f"{said}, ES {review.es_before:.2%} -> {review.es_after:.2%}"
    yield from (("warning", text) for text in review.warnings)
