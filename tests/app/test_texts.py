"""What a text may be, before it is stored, shown, followed or mailed."""

from __future__ import annotations

from datetime import date
from email.message import EmailMessage
from email.utils import formataddr

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.texts import address_parts, as_on_wire, date_written, inside, is_address, is_line, is_storable


@pytest.mark.parametrize(
    "text", ["", "青木　花子", "Aoki Hanako", "渡\U000e0100邊", "\ue000田", "O’Neill", "é"]
)
def test_a_name_is_one_line_also_with_an_ideographic_space_and_characters_of_the_offices_own(
    text: str,
) -> None:
    assert is_line(text)


@pytest.mark.parametrize(
    "one", ["\n", "\r", "\t", "\x00", "\x85", "\u2028", "\u202e", "\u200b", "\ud800", "\x7f"]
)
def test_what_breaks_a_line_or_is_not_to_be_seen_stands_in_none(one: str) -> None:
    assert not is_line(f"青木{one}花子")


@given(st.text())
def test_a_line_is_storable_and_is_one(text: str) -> None:
    if is_line(text):
        assert is_storable(text)
        assert len(text.splitlines()) <= 1


ATOM = st.text("abzAZ09!#$%&'*+/=?^_`{|}~-.", min_size=1, max_size=8)


@given(st.builds("{}@{}".format, ATOM, st.text("abzAZ09-.", min_size=1, max_size=8)))
def test_mail_can_be_written_to_every_address_that_is_taken(text: str) -> None:
    assume(is_address(text))
    mail = EmailMessage()
    mail["To"] = formataddr(("青木　花子", text))
    assert mail.as_bytes().isascii()


@given(st.text(max_size=12))
def test_mail_can_be_written_to_everybody_whose_name_is_taken(text: str) -> None:
    assume(is_line(text))
    mail = EmailMessage()
    mail["To"] = formataddr((text, "aoki@city.example.jp"))
    assert mail.as_bytes().isascii()


@pytest.mark.parametrize(
    "text",
    [
        "山田@x.jp",
        "ｔaro@x.jp",
        "taro@市.jp",
        "a b@x.jp",
        "a@b@c",
        "a@;",
        "a@[127.0.0.1]",
        '"a b"@x.jp',
        "a@x.jp.",
        "a..b@x.jp",
        "@x.jp",
        "a@",
        "a@x.jp\n",
        "a" * 250 + "@x.jp",
    ],
)
def test_an_address_is_one_that_mail_can_be_sent_to(text: str) -> None:
    assert not is_address(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("24E124535B316056", "24e124535b316056"),
        ("24-E1-24-53-5B-31-60-56", "24e124535b316056"),
        ("24:e1:24:53:5b:31:60:56", "24e124535b316056"),
        ("24 E1 24 53 5B 31 60 56", "24e124535b316056"),
        ("２４Ｅ１２４５３５Ｂ３１６０５６", "24e124535b316056"),
        ("24E124535B316056:Region_1", "24e124535b316056:Region_1"),
        ("24:E1:24:53:5B:31:60:56:left", "24e124535b316056:left"),
        *(
            (one, one)
            for one in (
                "Desk-1",
                "4階　窓側",
                "0x00158D0001ABCDEF",
                "24E124535B31605",
                "24E124535B3160567",
                "",
            )
        ),
    ],
)
def test_an_eui_is_written_as_network_servers_write_it_and_nothing_else_is_touched(
    text: str, name: str
) -> None:
    assert as_on_wire(text) == name
    assert as_on_wire(name) == name


@pytest.mark.parametrize("text", ["http://[", "//[", "http://a]/", "//\u2100.jp/"])
def test_what_is_no_address_of_the_web_leads_nowhere(text: str) -> None:
    assert address_parts(text).hostname is None
    assert inside(text) == ""


@given(st.text(max_size=20))
def test_no_text_is_too_strange_to_be_taken_apart(text: str) -> None:
    address_parts(text)
    assert inside(text) in {"", text}


@pytest.mark.parametrize(
    "text", ["2026-01-05", "2026/1/5", " 2026.1.5 ", "2026年1月5日", "２０２６／１／５", "２０２６年１月５日"]
)
def test_a_date_is_read_as_people_write_it(text: str) -> None:
    assert date_written(text) == date(2026, 1, 5)


@given(st.text(max_size=12) | st.from_regex(r"\A[0-9]{1,5}[-/][0-9]{1,3}[-/][0-9]{1,3}\Z"))
def test_what_is_no_date_is_refused_in_one_way(text: str) -> None:
    try:
        date_written(text)
    except ValueError:
        return
    assert date_written(date_written(text).isoformat()) == date_written(text)
