"""The order ticket: what is typed, what the engine says of it, and that only a late y sends anything."""

from __future__ import annotations

import msgspec
import pytest
from textual import events

from midas.domain.command import AmendOrder, ClosePosition, Command, PlaceOrder, Review
from tests.fakes.snapshots import BTC, halted, normal
from tests.tui.conftest import Bench, Console
from tui.present import levels
from tui.screens.halted import HaltPanel
from tui.screens.ticket import Ticket


def asked(bench: Bench) -> list[Command]:
    """What was sent without a confirmation: questions."""
    return [c for c in bench.link.commands if not getattr(c, "confirmed", True)]


def sent(bench: Bench) -> list[PlaceOrder]:
    """The orders that were sent."""
    return [c for c in bench.link.commands if isinstance(c, PlaceOrder) and c.confirmed]


def ticket(bench: Bench) -> Ticket:
    """The ticket on the screen."""
    assert isinstance(bench.app.screen, Ticket)
    return bench.app.screen


async def at_once(bench: Bench, key: str) -> None:
    """A key that is handled as soon as it is read, however slow this machine is."""
    event = events.Key(key, key)
    event.time += 3600.0
    bench.app.screen.post_message(event)
    await bench.beat()


async def reviewed(bench: Bench, key: str = "b") -> None:
    """A ticket for 0.01 BTC at the touch, reviewed, with the keys silent long enough."""
    await bench.press(key, *"0.01", "f2")
    bench.later(5)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_ticket_is_reviewed_and_then_sent_once(console: Console, size: tuple[int, int]) -> None:
    async with console(size=size) as bench:
        await reviewed(bench)
        view = bench.snapshot.instruments[0]
        for text in ("BUY 0.01000 BTC @", "nothing: it rests in the book", "rest before it at its price"):
            assert bench.shows(text), text
        assert sent(bench) == []
        await bench.press("y")
        order = sent(bench)[0]
        assert (order.instrument, order.side, order.type) == (BTC, "BUY", "LIMIT")
        assert (order.quantity, order.price, order.strategy) == ("0.01", f"{view.bid:.1f}", "manual")
        assert not isinstance(bench.app.screen, Ticket)
        assert bench.shows("✓ done: PlaceOrder")
        await bench.press("y", "y", "enter")
        assert len(sent(bench)) == 1


async def test_an_order_that_nothing_rests_before_says_so(console: Console) -> None:
    async with console() as bench:
        plain = bench.link.review

        def first(command: Command) -> Review | None:
            review = plain(command)
            return review and msgspec.structs.replace(review, ahead=0.0)

        bench.link.review = first
        await reviewed(bench)
        assert bench.shows("nothing rests before it at its price")


async def test_an_unusually_large_order_takes_one_more_y(console: Console) -> None:
    async with console() as bench:
        link, plain = bench.link, bench.link.review

        def large(command: Command) -> Review | None:
            review = plain(command)
            return review and msgspec.structs.replace(review, large="large", warnings=("large",))

        link.review = large
        await reviewed(bench)
        assert bench.shows("so large (wait..)")
        await bench.press("y")
        assert sent(bench) == []
        await bench.press("y")
        assert sent(bench) == [], "a held key never sends"
        bench.later(5)
        assert bench.shows("send (wait..)")
        await bench.press("y")
        assert [order.large for order in sent(bench)] == [True]


async def test_the_question_and_the_order_carry_the_same_ticket(console: Console) -> None:
    async with console() as bench:
        await reviewed(bench)
        await bench.press("n", "f2")
        bench.later(5)
        await bench.press("y")
        assert len({c.ticket for c in bench.link.commands if isinstance(c, PlaceOrder)}) == 1
        bench.later(1)
        await bench.press("b", *"0.01", "f2")
        assert len({c.ticket for c in bench.link.commands if isinstance(c, PlaceOrder)}) == 2


async def test_y_is_dead_until_the_keys_were_quiet(console: Console) -> None:
    async with console() as bench:
        await bench.press("b", *"0.01", "f2")
        await bench.press("y", "y")
        bench.later(0.2)
        await at_once(bench, "y")
        assert sent(bench) == []
        bench.later(0.29)
        await at_once(bench, "y")
        assert sent(bench) == []
        bench.later(5)
        await bench.press("y")
        assert len(sent(bench)) == 1


async def test_a_y_pressed_early_but_handled_late_is_early(console: Console) -> None:
    async with console() as bench:
        await bench.press("b", *"0.01", "f2")
        bench.later(5)
        early = events.Key("y", "y")
        early.time -= 4.9
        bench.app.screen.post_message(early)
        await bench.beat()
        assert sent(bench) == []


async def test_a_review_that_comes_late_must_be_seen_before_y_counts(console: Console) -> None:
    async with console() as bench:
        bench.link.silent = True
        await bench.press("b", *"0.01", "f2")
        bench.later(3)
        assert ticket(bench).stage == "asking"
        await bench.press("y")
        bench.link.silent = False
        await bench.press("escape", "f2", "y")
        assert sent(bench) == []
        assert ticket(bench).stage == "review"


async def test_held_enter_sends_nothing(console: Console) -> None:
    async with console() as bench:
        await bench.press("b", *"0.01", *["enter"] * 20)
        assert bench.link.commands == []
        await bench.press("f2", *["enter"] * 20)
        bench.later(1)
        await bench.press(*["enter"] * 20)
        assert sent(bench) == []


async def test_a_held_b_or_f2_sends_nothing(console: Console) -> None:
    async with console() as bench:
        await bench.press(*"bbbbbbbb")
        await bench.press("backspace", *"0.01", *["f2"] * 10, *["y"] * 10)
        assert sent(bench) == []


async def test_pasted_letters_send_nothing(console: Console) -> None:
    async with console() as bench:
        bench.app.screen.post_message(events.Paste("bsy\n"))
        await bench.beat()
        assert bench.link.commands == []
        await bench.press("b")
        bench.app.screen.post_message(events.Paste("bsy\n"))
        await bench.beat()
        assert bench.shows("a paste must be a number")
        await bench.press(*"0.01", "f2")
        bench.later(1)
        bench.app.screen.post_message(events.Paste("y\n"))
        await bench.beat()
        assert sent(bench) == []


async def test_letters_typed_as_fast_as_a_paste_send_nothing(console: Console) -> None:
    async with console() as bench:
        await bench.press("b", "s", "y", "enter", "f2", "y", "enter")
        assert bench.link.commands == []


async def test_a_pasted_number_fills_the_field(console: Console) -> None:
    async with console() as bench:
        await bench.press("b", "tab")
        bench.app.screen.post_message(events.Paste("61,000.5\n"))
        await bench.beat()
        assert ticket(bench).form.price == "61000.5"


async def test_n_goes_back_to_the_form_and_esc_leaves_it(console: Console) -> None:
    async with console() as bench:
        await reviewed(bench)
        await bench.press("n")
        assert ticket(bench).stage == "edit"
        assert ticket(bench).form.quantity == "0.01"
        await bench.press("escape")
        assert not isinstance(bench.app.screen, Ticket)
        assert sent(bench) == []


async def test_an_order_that_would_break_a_limit_is_not_sent(console: Console) -> None:
    async with console() as bench:
        await bench.press("b", *"0.5", "f2")
        assert bench.shows("the engine would refuse this")
        assert bench.shows("✗ BTC-USDT would be")
        bench.later(5)
        await bench.press("y")
        assert sent(bench) == []


async def test_a_refused_order_says_why_and_keeps_the_input(console: Console) -> None:
    async with console() as bench:
        await reviewed(bench)
        bench.link.reply = lambda c: (False, "order rate 10 of 10 in 10 s")
        await bench.press("y")
        assert bench.shows("✗ order rate 10 of 10 in 10 s")
        assert ticket(bench).form.quantity == "0.01"
        assert ticket(bench).stage == "edit"


async def test_a_refused_question_shows_the_engines_sentence(console: Console) -> None:
    async with console() as bench:
        bench.link.reply = lambda c: (False, "external holds no BTC")
        bench.link.review = lambda c: None
        await bench.press("s", *"0.01", "f2")
        assert bench.shows("✗ external holds no BTC")
        bench.later(5)
        await bench.press("y")
        assert sent(bench) == []


async def test_waiting_for_the_answer_is_said(console: Console) -> None:
    async with console() as bench:
        bench.link.silent = True
        await bench.press("b", *"0.01", "f2")
        bench.later(4)
        ticket(bench).follow()
        await bench.beat()
        assert bench.shows("asking the engine what it would do .. 4.0s")


async def test_an_order_whose_answer_is_late_can_be_left_and_is_told_afterwards(console: Console) -> None:
    async with console() as bench:
        await reviewed(bench)
        bench.link.silent = True
        await bench.press("y")
        assert bench.shows("waiting for the engine's answer")
        await bench.press("y", "y")
        assert len(sent(bench)) == 1
        await bench.press("escape")
        assert not isinstance(bench.app.screen, Ticket)


async def test_an_old_review_sends_nothing(console: Console) -> None:
    async with console() as bench:
        await reviewed(bench)
        bench.later(40)
        await bench.press("y")
        assert sent(bench) == []
        assert bench.shows("too old to send")
        await bench.press("f2")
        bench.later(5)
        await bench.press("y")
        assert len(sent(bench)) == 1


async def test_bad_input_is_one_sentence_at_the_field(console: Console) -> None:
    cases = (
        (("f2",), "still empty"),
        (("0", "f2"), "must be above zero"),
        ((*"0.000001", "f2"), "BTC comes in lots of 0.00001"),
        ((*"0.01", "tab", *"61000.05", "f2"), "prices are multiples of 0.1"),
        (("x",), "only digits and a point"),
        (tuple("1.2."), "only digits and one point"),
    )
    async with console(size=(80, 24)) as bench:
        for keys, sentence in cases:
            await bench.press("b", *keys)
            assert bench.shows(sentence), sentence
            await bench.press("escape")
        assert bench.link.commands == []


async def test_steps_are_ticks_and_lots_and_shift_takes_ten(console: Console) -> None:
    async with console() as bench:
        bid = bench.snapshot.instruments[0].bid
        await bench.press("b", "up", "up", "shift+up", "down")
        assert ticket(bench).form.quantity == "0.00011"
        await bench.press("tab", "up", "shift+down")
        assert ticket(bench).form.price == f"{bid - 0.9:.1f}"


async def test_percent_takes_quarters_of_the_engines_figure(console: Console) -> None:
    async with console() as bench:
        await bench.press("b", "percent_sign")
        assert ticket(bench).form.quantity == "0.00500"
        await bench.press("percent_sign", "percent_sign")
        assert ticket(bench).form.quantity == "0.01500"
        await bench.press(*"100", "percent_sign")
        assert ticket(bench).form.quantity == "0.02000"
        await bench.press(*"33", "percent_sign")
        assert bench.shows("25, 50, 75 or 100 before the %")


async def test_a_number_is_cleared_at_once_and_percent_is_for_the_quantity(console: Console) -> None:
    async with console() as bench:
        await bench.press("b", *"0.123", "ctrl+u")
        assert ticket(bench).form.quantity == ""
        await bench.press("tab", "percent_sign")
        assert bench.shows("% is for the quantity")


async def test_selling_takes_what_a_hand_holds_and_says_where_there_is_none(console: Console) -> None:
    async with console() as bench:
        await bench.press("s", *"100", "percent_sign")
        assert ticket(bench).form.quantity == "0.00200"
        assert ticket(bench).form.side == "SELL"
        await bench.press("escape", "l", "s", "percent_sign")
        assert bench.shows("nothing to sell: manual holds none")


async def test_the_price_comes_from_the_cursor_of_the_book(console: Console) -> None:
    async with console() as bench:
        await bench.press("j", "j", "j", "b")
        assert ticket(bench).form.price == f"{bench.snapshot.instruments[0].book.bids[2].price:.1f}"


async def test_without_a_cursor_it_is_the_touch_of_the_own_side(console: Console) -> None:
    async with console() as bench:
        await bench.press("s")
        assert ticket(bench).form.price == f"{bench.snapshot.instruments[0].ask:.1f}"


async def test_a_market_order_has_no_price(console: Console) -> None:
    async with console() as bench:
        await bench.press("b", *"0.01", "shift+tab", "m", "tab", "tab")
        assert ticket(bench).form.field != "price"
        assert bench.shows("what the book gives, within the collar")
        await bench.press("f2")
        bench.later(5)
        await bench.press("y")
        assert (sent(bench)[0].type, sent(bench)[0].price) == ("MARKET", "")


async def test_another_instrument_forgets_price_and_quantity(console: Console) -> None:
    async with console() as bench:
        await bench.press("b", *"0.01", "shift+tab", "shift+tab", "right")
        form = ticket(bench).form
        assert form.instrument.startswith("ETH")
        assert (form.quantity, form.price) == ("", f"{bench.snapshot.instruments[1].bid:.2f}")


async def test_the_palette_opens_the_review(console: Console) -> None:
    async with console() as bench:
        await bench.press("colon", *"buy 0.01 btc @61000 post", "enter")
        question = asked(bench)[0]
        assert isinstance(question, PlaceOrder)
        assert (question.quantity, question.price, question.type) == ("0.01", "61000", "LIMIT_MAKER")
        bench.later(5)
        await bench.press(*["enter"] * 5)
        assert sent(bench) == []
        await bench.press("n")
        assert ticket(bench).stage == "edit"


async def test_a_line_that_is_no_order_comes_back_with_its_fault(console: Console) -> None:
    cases = (
        ("0.01 doge", "no instrument is called 'doge'"),
        ("0.0000001 btc", "quantity: BTC comes in lots of 0.00001"),
        ("1 btc post", "post needs a price: @PRICE"),
        ("btc", "quantity: not a number"),
        ("1 2 3 4", "write QUANTITY SYMBOL [@PRICE] [post]"),
    )
    async with console() as bench:
        for line, sentence in cases:
            assert bench.app.write("BUY", line) == sentence
        await bench.press("colon", *"buy 0.01 doge", "enter")
        assert bench.shows("no instrument is called 'doge'")
        assert bench.link.commands == []


async def test_amending_changes_only_price_and_quantity(console: Console) -> None:
    async with console() as bench:
        bench.app.stage.action_screen("4")
        await bench.press("j", "a")
        form = ticket(bench).form
        assert (form.order, form.fields, form.field) == ("d018", ("quantity", "price"), "price")
        await bench.press("down", "f2")
        bench.later(5)
        await bench.press("y")
        question, order = (c for c in bench.link.commands if isinstance(c, AmendOrder))
        assert (question.confirmed, order.confirmed) == (False, True)
        assert (order.client_id, order.quantity) == ("m-d018", "0.00200")
        assert float(order.price) == pytest.approx(bench.snapshot.orders[-1].price - 0.1)


async def test_a_strategys_order_is_not_amended_by_hand(console: Console) -> None:
    async with console() as bench:
        bench.app.stage.action_screen("4")
        await bench.press("j", "j", "a")
        assert not isinstance(bench.app.screen, Ticket)
        assert bench.shows("a91f is trend-following's")
        assert bench.link.commands == []


async def test_a_stop_is_not_amended_and_says_what_moves_it(console: Console) -> None:
    snapshot = normal()
    stop = msgspec.structs.replace(snapshot.orders[0], purpose="STOP", strategy="manual", amendable=False)
    async with console(msgspec.structs.replace(snapshot, orders=(stop,))) as bench:
        bench.app.stage.action_screen("4")
        await bench.press("j", "a")
        assert bench.shows(f"{stop.short_id} is a stop, and moves as [risk.stops] says; c cancels it")


async def test_closing_a_position_is_reviewed_first(console: Console) -> None:
    async with console() as bench:
        bench.app.stage.panes["desk"].focus()
        await bench.press("j", "j", "x")
        assert asked(bench) == [ClosePosition(BTC, "trend-following")]
        assert bench.shows("close trend-following")
        bench.later(5)
        await bench.press("enter")
        assert len(bench.link.commands) == 1
        await bench.press("y")
        assert len(bench.link.commands) == 1
        bench.later(5)
        await bench.press("y")
        assert bench.link.commands[-1] == ClosePosition(BTC, "trend-following", confirmed=True)


@pytest.mark.parametrize(
    "line", ["close BTC-USDT trend-following", "close BTC-USDT --strategy trend-following"]
)
async def test_a_position_is_closed_by_the_line_that_the_engine_advises(console: Console, line: str) -> None:
    async with console() as bench:
        await bench.press("colon", *line, "enter")
        assert asked(bench) == [ClosePosition(BTC, "trend-following")]


async def test_a_closing_that_the_engine_bars_is_not_sent(console: Console) -> None:
    async with console() as bench:
        bench.link.reply = lambda c: (False, "trend-following can't be closed now: no market")
        bench.app.stage.panes["desk"].focus()
        await bench.press("j", "j", "x")
        bench.later(5)
        await bench.press("y")
        assert bench.shows("can't be closed now")
        assert len(bench.link.commands) == 1


async def test_the_own_order_at_the_level_is_moved_by_its_amendment(console: Console) -> None:
    async with console() as bench:
        place = own_level(bench)
        bench.app.stage.panes["book"].selected = place
        await bench.press("shift+down")
        form = ticket(bench).form
        assert form.order == "d018"
        assert float(form.price) == pytest.approx(bench.snapshot.orders[-1].price - 0.1)


async def test_the_chord_works_in_the_ticket(console: Console) -> None:
    async with console() as bench:
        await reviewed(bench)
        await bench.press("ctrl+backslash")
        assert len(bench.kills) == 1
        assert isinstance(bench.app.screen, HaltPanel)
        assert sent(bench) == []


async def test_a_halt_under_the_ticket_is_the_engines_to_judge(console: Console) -> None:
    async with console() as bench:
        await bench.press("b", *"0.01")
        bench.link.snapshot = msgspec.structs.replace(bench.snapshot, kill=halted().kill)
        await bench.beat()
        await bench.press("escape")
        bench.link.reply = lambda c: (False, "halted: no new risk can be opened")
        await bench.press("f2")
        bench.later(5)
        await bench.press("y")
        assert sent(bench) == []


def own_level(bench: Bench) -> str:
    """The book's cursor where the order d018 rests."""
    return levels.key_of(bench.snapshot.instruments[0], bench.snapshot.orders[-1].price)
