"""What risk says, for a person."""

from __future__ import annotations

from midas.domain.verdict import apart, once


def test_what_several_sentences_end_with_is_said_by_the_last_of_them_alone() -> None:
    fits = "; at most 0.1 BTC fits"
    assert once([f"too large{fits}", "no price", f"too much crypto{fits}"]) == (
        "too large", "no price", f"too much crypto{fits}",
    )  # fmt: skip
    assert once([f"too large{fits}", "too much; nothing more fits"]) == (
        f"too large{fits}", "too much; nothing more fits",
    )  # fmt: skip
    assert once([]) == ()


def test_what_would_fit_stands_apart_from_several_sentences() -> None:
    fits = "at most 0.1 BTC fits"
    assert apart(["too large", f"too much; {fits}"]) == (["too large", "too much"], fits)
    assert apart(["no price", "gone"]) == (["no price", "gone"], "")
    assert apart([f"too large; {fits}"]) == ([f"too large; {fits}"], ""), "one says it itself"
