"""The attendance system's file, without a database: lines, columns, words, dates."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.telework.closing.rules import (
    DEFAULT,
    SOURCES,
    WORDS,
    DateStyle,
    Entry,
    FileLayout,
    Line,
    Month,
    counts,
    lines,
)
from app.telework.daylog.rules import Form, form_of
from app.telework.rules import DayClass, Half

TUESDAY = date(2026, 11, 24)


def entry(
    half: Half = Half.AM,
    day_class: DayClass = DayClass.OFFICE,
    *,
    user_id: int = 1,
    on: date = TUESDAY,
    planned: Form | None = None,
    corrected: bool = False,
    at_home: int | None = None,
) -> Entry:
    whole = 210 if half is Half.AM else 255
    is_telework = day_class is DayClass.TELEWORK
    telework = at_home if at_home is not None else whole * is_telework
    return Entry(
        user_id,
        f"{user_id}@example.jp",
        "青木",
        "あおき",
        ("soumu", "総務課"),
        on,
        half,
        day_class,
        form_of(day_class, planned),
        telework if is_telework else whole - telework,
        telework,
        corrected,
    )


def layout(line: Line, *holds: str, dates: DateStyle = DateStyle.ISO) -> FileLayout:
    return FileLayout(line, tuple((one, one) for one in holds), WORDS, dates, DEFAULT.encoding)


DAY = [entry(), entry(Half.PM, DayClass.TELEWORK, planned=Form.SATELLITE, corrected=True)]


def test_a_line_a_half_day() -> None:
    asked = layout(Line.HALF_DAY, "email", "date", "weekday", "half", "class", "form", "minutes", "corrected")
    assert lines(asked, DAY) == [
        ["1@example.jp", "2026-11-24", "火", "午前", "出勤", "", "210", "0"],
        ["1@example.jp", "2026-11-24", "火", "午後", "在宅", "satellite", "255", "1"],
    ]


def test_minutes_at_home_count_whatever_the_half_day_counts_as() -> None:
    morning, afternoon = entry(at_home=60), entry(Half.PM, DayClass.TELEWORK, at_home=180)
    of_half_days = layout(Line.HALF_DAY, "class", "minutes", "telework_minutes")
    assert lines(of_half_days, [morning, afternoon]) == [["出勤", "150", "60"], ["在宅", "180", "180"]]
    of_days = layout(Line.DAY, "office_minutes", "telework_minutes", "telework_days")
    assert lines(of_days, [morning, afternoon]) == [["150", "240", "0.5"]]


def test_a_line_a_day() -> None:
    asked = layout(
        Line.DAY, "section_code", "date", "am", "pm", "office_minutes", "telework_days", "corrected"
    )
    assert lines(asked, DAY) == [["soumu", "2026-11-24", "出勤", "在宅", "210", "0.5", "1"]]


def test_a_line_a_person_and_month() -> None:
    other = [entry(half, DayClass.LEAVE, user_id=2) for half in Half]
    asked = layout(
        Line.MONTH,
        "name",
        "month",
        "office_days",
        "telework_days",
        "satellite_days",
        "home_days",
        "leave_days",
    )
    assert lines(asked, [*DAY, *other]) == [
        ["青木", "2026-11", "0.5", "0.5", "0.5", "0", "0"],
        ["青木", "2026-11", "0", "0", "0", "0", "1"],
    ]


@pytest.mark.parametrize(
    ("style", "day", "month"),
    [
        (DateStyle.ISO, "2026-11-04", "2026-11"),
        (DateStyle.SLASHES, "2026/11/04", "2026/11"),
        (DateStyle.DIGITS, "20261104", "202611"),
        (DateStyle.REIWA, "R08.11.04", "R08.11"),
    ],
)
def test_the_styles_of_dates(style: DateStyle, day: str, month: str) -> None:
    asked = layout(Line.DAY, "date", dates=style)
    assert (asked.day(date(2026, 11, 4)), asked.month(date(2026, 11, 4))) == (day, month)


HALVES = st.lists(
    st.tuples(
        st.sampled_from([1, 2, 3]), st.dates(date(2026, 11, 1), date(2026, 11, 30)), st.sampled_from(Half)
    ),
    unique=True,
).flatmap(
    lambda keys: st.lists(st.sampled_from(DayClass), min_size=len(keys), max_size=len(keys)).map(
        lambda classes: [
            entry(half, found, user_id=who, on=on)
            for (who, on, half), found in zip(sorted(keys), classes, strict=True)
        ]
    )
)


@given(HALVES)
def test_no_half_day_is_lost_nor_counted_twice_whatever_a_line_is_of(entries: list[Entry]) -> None:
    def days(line: Line) -> list[float]:
        names = ["office_days", "telework_days", "trip_days", "leave_days", "unknown_days"]
        found = lines(layout(line, *names), entries)
        return [sum(float(row[column]) for row in found) for column in range(len(names))]

    assert days(Line.DAY) == days(Line.MONTH)
    assert len(lines(layout(Line.HALF_DAY, "email"), entries)) == len(entries)
    closed = sum(one.day_class is DayClass.CLOSED for one in entries)
    assert sum(days(Line.MONTH)) * 2 == len(entries) - closed
    assert counts((one.user_id, one.day_class) for one in entries).working == len(entries) - closed


@given(st.sampled_from(Line), st.data())
def test_a_layout_is_read_as_it_was_stored(line: Line, data: st.DataObject) -> None:
    holds = data.draw(st.lists(st.sampled_from(sorted(SOURCES[line])), min_size=1, max_size=20))
    asked = layout(line, *holds)
    assert FileLayout.read(asked.as_stored()) == asked


@pytest.mark.parametrize(
    "wrong",
    [
        {"line": "week"},
        {"columns": []},
        {"columns": [{"holds": "email", "header": ""}]},
        {"columns": [{"holds": "half", "header": "x"}]},
        {"columns": [{"holds": "email", "header": "x"}] * 21},
        {"words": {**WORDS, "office": "x" * 41}},
        {"words": {}},
        {"dates": "american"},
        {"encoding": "utf-16"},
    ],
)
def test_what_is_no_layout_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises((ValueError, KeyError)):
        FileLayout.read({**DEFAULT.as_stored(), **wrong})


@pytest.mark.parametrize(
    ("text", "last"),
    [("2026-02", date(2026, 2, 28)), ("2028-02", date(2028, 2, 29)), ("2026-12", date(2026, 12, 31))],
)
def test_a_month_ends_where_the_next_begins(text: str, last: date) -> None:
    month = Month.read(text)
    assert (str(month), month.last, month.next.before) == (text, last, month)


@pytest.mark.parametrize(
    "text", ["2026", "2026-13", "2026-1", "1999-12", "2200-01", "26-11-1", "２０２６-11"]
)
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Month.read(text)
