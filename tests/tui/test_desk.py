"""Answers find whoever asked; what a lost line owes is answered, once."""

from __future__ import annotations

import pytest

from midas.domain.command import Answer, CancelOrder
from tests.fakes.link import FakeLink
from tui.desk import LOST, Desk


@pytest.fixture
def link() -> FakeLink:
    return FakeLink.showing()


@pytest.fixture
def desk(link: FakeLink) -> Desk:
    return Desk(lambda: link, lambda: 1, "console test")


def test_an_answer_goes_to_whoever_asked_once(desk: Desk) -> None:
    heard: list[Answer] = []
    desk.send(CancelOrder("one"), heard.append)
    desk.settle()
    desk.settle()
    assert [(answer.accepted, answer.message) for answer in heard] == [(True, "done: CancelOrder")]


def test_what_a_lost_line_owes_is_said_to_be_unknown(desk: Desk, link: FakeLink) -> None:
    heard: list[Answer] = []
    link.silent = True
    desk.send(CancelOrder("one"), heard.append)
    desk.settle()
    assert heard == []
    link.connected = False
    desk.settle()
    desk.settle()
    assert [(answer.accepted, answer.message) for answer in heard] == [(False, LOST)]


def test_an_answer_that_came_before_the_line_was_lost_counts(desk: Desk, link: FakeLink) -> None:
    heard: list[Answer] = []
    desk.send(CancelOrder("one"), heard.append)
    link.connected = False
    desk.settle()
    assert [answer.accepted for answer in heard] == [True]
