"""The table of answers, row by row."""

from __future__ import annotations

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from midas.venues.binance.answers import (
    TABLE,
    Accepted,
    Answer,
    Exists,
    NeverLeft,
    RateLimited,
    Rejected,
    Row,
    Unknown,
    gone,
    meaning,
    refusal,
    silence,
)

# An answer that each line of the table is there for, in the table's order.
EXAMPLES: list[tuple[int, int, str]] = [
    (200, 0, ""), (429, -1003, "slow down"), (503, -2010, "no money"), (409, -2021, "half"),
    (403, 0, "a proxy's page"),
    (400, -1007, "timeout"), (400, -1015, "too many orders"), (400, -4116, "duplicated"),
    (400, -2010, "Duplicate order sent."), (400, -1021, "outside of the recvWindow"), (401, -2015, "key"),
    (400, -2010, "Account has insufficient balance"), (400, -1013, "Filter failure: LOT_SIZE"),
    (400, -1102, "a parameter is missing"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("row", "example"), zip(TABLE, EXAMPLES, strict=True), ids=[row.about for row in TABLE]
)
def test_each_line_of_the_table_is_the_first_that_fits_its_example(
    row: Row, example: tuple[int, int, str]
) -> None:
    assert next(r for r in TABLE if r.fits(*example)) is row
    assert type(meaning(*example)) is row.says


@given(status=st.integers(), code=st.integers(), reason=st.text(max_size=20))
def test_no_answer_is_without_a_line(status: int, code: int, reason: str) -> None:
    assert any(row.fits(status, code, reason) for row in TABLE)


@pytest.mark.parametrize(
    ("code", "text", "is_gone"),
    [
        (-2011, "Unknown order sent.", True),
        (-2011, "Order was canceled or expired.", True),
        (-2013, "Order does not exist.", True),
        (-2026, "Order was archived.", True),
        (-2011, "Order was not canceled due to cancel restrictions.", False),
        (-1022, "Signature for this request is not valid.", False),
        (-2015, "Invalid API-key, IP, or permissions for action.", False),
        (-1102, "A mandatory parameter is missing.", False),
    ],
)
def test_a_refused_cancel_says_whether_the_order_is_still_there(code: int, text: str, is_gone: bool) -> None:
    assert gone(code, text) is is_gone


@pytest.mark.parametrize("status", [200, 201, 204])
def test_2xx_is_a_definite_yes(status: int) -> None:
    assert meaning(status, 0, "") == Accepted()


@pytest.mark.parametrize("code", [-2010, -1013, -1111, -2019, -1100, -1102, -1106, -1121, -2011, -2013])
def test_an_order_level_code_is_a_definite_no(code: int) -> None:
    assert meaning(400, code, "why") == Rejected(code, "why")


@pytest.mark.parametrize(("status", "code"), [(400, -1021), (400, -1022), (401, -2014), (401, -2015)])
def test_a_request_that_never_reached_the_engine_is_a_definite_no(status: int, code: int) -> None:
    assert meaning(status, code, "why") == Rejected(code, "why")


@pytest.mark.parametrize(
    ("status", "code"),
    [(429, -1003), (418, -1003), (429, 0), (418, 0), (429, -1015), (400, -1003), (400, -1015)],
)
def test_a_rate_limit_is_a_definite_no_that_opens_the_breaker(status: int, code: int) -> None:
    assert isinstance(meaning(status, code, "slow"), RateLimited)


@pytest.mark.parametrize(
    ("code", "text"), [(-4116, "ClientOrderId is duplicated"), (-2010, "Duplicate order sent.")]
)
def test_a_duplicate_is_evidence_that_it_exists(code: int, text: str) -> None:
    assert meaning(400, code, text) == Exists(code, text)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("code", [0, -1000, -1008, -2010])
def test_5xx_is_unknown_whatever_it_says(status: int, code: int) -> None:
    assert isinstance(meaning(status, code, ""), Unknown)


@pytest.mark.parametrize("code", [-1000, -1001, -1006, -1007])
def test_a_venue_that_does_not_know_itself_is_unknown(code: int) -> None:
    assert isinstance(meaning(400, code, ""), Unknown)


@pytest.mark.parametrize("status", [301, 307, 400, 403, 404, 409])
def test_an_answer_without_a_code_of_the_venue_is_unknown(status: int) -> None:
    assert isinstance(meaning(status, 0, ""), Unknown)


def test_a_partial_replacement_is_unknown() -> None:
    assert isinstance(meaning(409, -2021, "partially failed"), Unknown)


@pytest.mark.parametrize(
    "error",
    [aiohttp.ServerDisconnectedError(), aiohttp.ClientPayloadError(), TimeoutError(), ConnectionResetError()],
)
def test_silence_after_the_bytes_left_is_unknown(error: BaseException) -> None:
    assert isinstance(silence(error, handed_over=True), Unknown)


def test_silence_before_a_byte_left_is_nothing_sent() -> None:
    assert isinstance(silence(ConnectionRefusedError("secret"), handed_over=False), NeverLeft)
    assert "secret" not in silence(ConnectionRefusedError("secret"), handed_over=False).cause


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"null", b'"x"', b'{"code":"x"}', b"\xff\xfe", b'{"msg":1}']
)
def test_a_body_that_is_not_the_venues_has_no_code(body: bytes) -> None:
    assert refusal(body) == (0, "")


@given(status=st.integers(100, 599), code=st.integers(-9999, 9999), reason=st.text(max_size=20))
def test_only_a_documented_no_is_a_no(status: int, code: int, reason: str) -> None:
    answer: Answer = meaning(status, code, reason)
    if isinstance(answer, Rejected):
        assert 400 <= status < 500
        assert code < 0
    if isinstance(answer, Accepted):
        assert 200 <= status < 300
