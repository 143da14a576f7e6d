"""Masking: what a call gives is searched for the secrets that it used, however they are written."""

import base64
import html
import json
import logging
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalsegno.activities.activity import ActivityError
from dalsegno.activities.masking import Masks
from dalsegno.schema.values import JsonValue

SECRET = 'p4ss/wörd "1" & more'


def masks(*secrets: JsonValue) -> Masks:
    made = Masks()
    for secret in secrets:
        made.add(secret)
    return made


@pytest.mark.parametrize(
    "written",
    [
        SECRET,
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1],
        json.dumps({"deep": SECRET}),
        repr(SECRET),
        html.escape(SECRET),
        quote(SECRET),
        quote(SECRET, safe=""),
        quote(SECRET, safe="").lower().replace("p4ss", "p4ss"),
        quote_plus(SECRET),
        SECRET.encode().decode("latin-1"),
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode(),
        quote(base64.b64encode(SECRET.encode()).decode(), safe=""),
    ],
)
def test_a_secret_is_found_in_every_writing(written: str) -> None:
    shown = masks(SECRET).text(f"before {written} after")
    assert shown.startswith("before ")
    assert shown.endswith(" after")
    assert "***" in shown
    assert "p4ss" not in shown
    assert written not in shown


@given(st.binary(max_size=7), st.binary(max_size=7))
def test_a_secret_is_found_wherever_it_begins_in_base64(before: bytes, after: bytes) -> None:
    text = base64.b64encode(before + SECRET.encode() + after).decode()
    shown = masks(SECRET).text(text)
    assert "***" in shown
    # At most the digits that share a byte with a neighbour are left.
    assert len(shown) <= len(text) - 4 * (len(SECRET.encode()) // 3) + 9


@given(
    st.text(min_size=4, max_size=12).filter(lambda text: bool(text.strip())), st.text(max_size=5), st.text(max_size=5)
)
def test_no_text_holds_the_secret_afterwards(secret: str, before: str, after: str) -> None:
    assert secret not in masks(secret).text(before + secret + after) or secret in "***" * 5


def test_data_is_masked_at_any_depth_in_keys_and_in_numbers() -> None:
    made = masks({"user": "ada-l", "pin": 1234, "version": 1, "on": True, "none": None})
    value: JsonValue = {"ada-l": [1234, 12345, "1234 and 12345", True, None, {"x": "by ada-l."}], "n": 1}
    assert made.value(value) == {
        "***": ["***", 12345, "*** and 12345", True, None, {"x": "by ***."}],
        "n": 1,
    }


def test_short_secrets_are_words() -> None:
    assert masks("ab").text("ab cab ab- xaby") == "*** cab ***- xaby"
    assert not masks("", "  ", True, None)


def test_each_line_of_a_long_secret_counts() -> None:
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG\n9w0BAQEFAASCBKcwggSj\n-----END KEY-----\n"
    assert masks(key).text("second: 9w0BAQEFAASCBKcwggSj") == "second: ***"


def test_errors_and_their_types_are_masked() -> None:
    error = ActivityError(f"https://x.y/{quote(SECRET)}", 418, SECRET, f"it was {SECRET}")
    shown = masks(SECRET).error(error).error
    assert shown == {"type": "https://x.y/***", "status": 418, "title": "***", "detail": "it was ***"}


def test_log_records_are_masked_with_their_traceback() -> None:
    try:
        raise ValueError(SECRET)
    except ValueError as error:
        info = (type(error), error, error.__traceback__)
    record = logging.LogRecord("x", logging.ERROR, __file__, 1, "it was %s, %d", (SECRET, 1), info)
    masks(SECRET).record(record)
    shown = logging.Formatter("%(message)s").format(record)
    assert "it was ***, 1" in shown
    assert "ValueError: ***" in shown
    assert "p4ss" not in shown


def test_a_log_call_with_wrong_arguments_is_masked_too() -> None:
    record = logging.LogRecord("x", logging.ERROR, __file__, 1, f"{SECRET} %s %s", (1,), None)
    masks(SECRET).record(record)
    assert record.getMessage() == "*** %s %s"
