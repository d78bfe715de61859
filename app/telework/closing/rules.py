"""What the attendance system is given of a month: a file whose columns, words and dates the office chooses; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import groupby
from typing import Any

from app.telework.daylog.rules import Form
from app.telework.figures.rules import Kept
from app.telework.rules import DayClass, Half

COLUMNS_AT_MOST = 20
HEADER_AT_MOST = 80
WORD_AT_MOST = 40
WEEKDAYS = "月火水木金土日"
REIWA_BEGAN = date(2019, 5, 1)
FIRST_YEAR, LAST_YEAR = 2000, 2199


@dataclass(frozen=True, slots=True)
class Month:
    """A month of the calendar by its first day."""

    first: date

    @classmethod
    def of(cls, on: date) -> Month:
        return cls(on.replace(day=1))

    @classmethod
    def read(cls, text: str) -> Month:
        """From 2026-11; raises ValueError."""
        if len(text) != len("2026-11"):
            raise ValueError(f"{text} is not a month such as 2026-11")
        first = date.fromisoformat(f"{text}-01")
        if not FIRST_YEAR <= first.year <= LAST_YEAR:
            raise ValueError(f"must lie in the years {FIRST_YEAR} to {LAST_YEAR}")
        return cls(first)

    @property
    def last(self) -> date:
        return self.next.first - timedelta(days=1)

    @property
    def next(self) -> Month:
        return Month.of(self.first + timedelta(days=31))

    @property
    def before(self) -> Month:
        return Month.of(self.first - timedelta(days=1))

    def __str__(self) -> str:
        return f"{self.first:%Y-%m}"


class Line(StrEnum):
    """What a line of the file is of."""

    HALF_DAY = "half_day"
    DAY = "day"
    MONTH = "month"


class DateStyle(StrEnum):
    ISO = "iso"
    SLASHES = "slashes"
    DIGITS = "digits"
    REIWA = "reiwa"


class Encoding(StrEnum):
    UTF8 = "utf-8"
    CP932 = "cp932"


@dataclass(frozen=True, slots=True)
class Entry:
    """A half-day of a closed month. `section`: code and name of the one that the person belonged to on that day.
    `minutes`: of what the half-day counts as; `telework_minutes`: at home in it, whatever it counts as."""

    user_id: int
    email: str
    name: str
    kana: str
    section: tuple[str, str]
    on: date
    half: Half
    day_class: DayClass
    form: Form | None
    minutes: int
    telework_minutes: int
    is_corrected: bool


OFFICE = frozenset({DayClass.OFFICE, DayClass.OFFICE_PRESUMED})
Write = Callable[["FileLayout", Sequence[Entry]], str]


def _of_first(read: Callable[[Entry], str]) -> Write:
    return lambda _layout, entries: read(entries[0])


def _days(counts: Callable[[Entry], bool]) -> Write:
    return lambda _layout, entries: f"{sum(map(counts, entries)) / 2:g}"


def _is(*classes: DayClass) -> Callable[[Entry], bool]:
    return lambda entry: entry.day_class in classes


def _form(form: Form) -> Callable[[Entry], bool]:
    return lambda entry: entry.form is form


def _minutes(counts: Callable[[Entry], bool]) -> Write:
    return lambda _layout, entries: str(sum(entry.minutes for entry in entries if counts(entry)))


def _class_of(half: Half) -> Write:
    def write(layout: FileLayout, entries: Sequence[Entry]) -> str:
        return next((layout.word(entry.day_class) for entry in entries if entry.half is half), "")

    return write


_is_telework = _is(DayClass.TELEWORK)
_PERSON: Mapping[str, Write] = {
    "email": _of_first(lambda entry: entry.email),
    "name": _of_first(lambda entry: entry.name),
    "kana": _of_first(lambda entry: entry.kana),
    "section_code": _of_first(lambda entry: entry.section[0]),
    "section_name": _of_first(lambda entry: entry.section[1]),
}
_DATE: Mapping[str, Write] = {
    "date": lambda layout, entries: layout.day(entries[0].on),
    "weekday": _of_first(lambda entry: WEEKDAYS[entry.on.weekday()]),
}
_SUMS: Mapping[str, Write] = {
    "office_days": _days(lambda entry: entry.day_class in OFFICE),
    "telework_days": _days(_is_telework),
    "trip_days": _days(_is(DayClass.TRIP)),
    "leave_days": _days(_is(DayClass.LEAVE)),
    "unknown_days": _days(_is(DayClass.UNKNOWN)),
    "office_minutes": _minutes(lambda entry: entry.day_class in OFFICE),
    "telework_minutes": lambda _layout, entries: str(sum(entry.telework_minutes for entry in entries)),
    "corrected": lambda _layout, entries: str(int(any(entry.is_corrected for entry in entries))),
}
# What a column may hold, by what a line is of.
SOURCES: Mapping[Line, Mapping[str, Write]] = {
    Line.HALF_DAY: {
        **_PERSON,
        **_DATE,
        "half": lambda layout, entries: layout.word(entries[0].half),
        "class": lambda layout, entries: layout.word(entries[0].day_class),
        "form": _of_first(lambda entry: entry.form or ""),
        "minutes": _of_first(lambda entry: str(entry.minutes)),
        "telework_minutes": _SUMS["telework_minutes"],
        "corrected": _SUMS["corrected"],
    },
    Line.DAY: {**_PERSON, **_DATE, "am": _class_of(Half.AM), "pm": _class_of(Half.PM), **_SUMS},
    Line.MONTH: {
        **_PERSON,
        "month": lambda layout, entries: layout.month(entries[0].on),
        **_SUMS,
        "home_days": _days(_form(Form.HOME)),
        "satellite_days": _days(_form(Form.SATELLITE)),
    },
}


@dataclass(frozen=True, slots=True)
class FileLayout:
    """How the attendance system wants its file.

    `columns`: (what it holds, its header) in order. `words`: what stands for each class and half of the day.
    """

    line: Line
    columns: tuple[tuple[str, str], ...]
    words: Mapping[str, str]
    dates: DateStyle
    encoding: Encoding

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> FileLayout:
        """As `as_stored` writes it, from a form or the API; raises ValueError."""
        line = Line(given["line"])
        columns = tuple((str(column["holds"]), str(column["header"])) for column in given["columns"])
        words = {name: str(given["words"][name]) for name in WORDS}
        if not 0 < len(columns) <= COLUMNS_AT_MOST:
            raise ValueError(f"must have from 1 to {COLUMNS_AT_MOST} columns")
        for holds, header in columns:
            if holds not in SOURCES[line]:
                raise ValueError(f"a line of this kind has no {holds}")
            if not 0 < len(header) <= HEADER_AT_MOST:
                raise ValueError(f"a header has from 1 to {HEADER_AT_MOST} characters")
        if any(len(word) > WORD_AT_MOST for word in words.values()):
            raise ValueError(f"a word has at most {WORD_AT_MOST} characters")
        return cls(line, columns, words, DateStyle(given["dates"]), Encoding(given["encoding"]))

    def as_stored(self) -> dict[str, Any]:
        """Plain values, for the database and the API."""
        return {
            "line": self.line.value,
            "columns": [{"holds": holds, "header": header} for holds, header in self.columns],
            "words": dict(self.words),
            "dates": self.dates.value,
            "encoding": self.encoding.value,
        }

    def word(self, of: DayClass | Half) -> str:
        return self.words[of.value]

    def day(self, on: date) -> str:
        match self.dates:
            case DateStyle.ISO:
                return on.isoformat()
            case DateStyle.SLASHES:
                return f"{on:%Y/%m/%d}"
            case DateStyle.DIGITS:
                return f"{on:%Y%m%d}"
            case DateStyle.REIWA:
                return f"{_era_year(on)}.{on:%m.%d}"

    def month(self, on: date) -> str:
        match self.dates:
            case DateStyle.ISO:
                return f"{on:%Y-%m}"
            case DateStyle.SLASHES:
                return f"{on:%Y/%m}"
            case DateStyle.DIGITS:
                return f"{on:%Y%m}"
            case DateStyle.REIWA:
                return f"{_era_year(on)}.{on:%m}"


def _era_year(on: date) -> str:
    """令和, as offices abbreviate it: R08. Before it the year as it is."""
    return f"R{on.year - 2018:02}" if on >= REIWA_BEGAN else f"{on.year}"


WORDS: Mapping[str, str] = {
    DayClass.CLOSED.value: "勤務なし",
    DayClass.OFFICE.value: "出勤",
    DayClass.OFFICE_PRESUMED.value: "出勤",
    DayClass.TELEWORK.value: "在宅",
    DayClass.TRIP.value: "出張",
    DayClass.LEAVE.value: "休暇",
    DayClass.UNKNOWN.value: "不明",
    Half.AM.value: "午前",
    Half.PM.value: "午後",
}
DEFAULT = FileLayout(
    Line.DAY,
    (
        ("email", "メールアドレス"),
        ("name", "氏名"),
        ("section_code", "所属コード"),
        ("date", "日付"),
        ("am", "午前"),
        ("pm", "午後"),
    ),
    WORDS,
    DateStyle.SLASHES,
    Encoding.UTF8,
)


def lines(layout: FileLayout, entries: Iterable[Entry]) -> list[list[str]]:
    """The lines of the file, without its header, from half-days in the order of person, day and half."""
    key: Callable[[Entry], object] = {
        Line.HALF_DAY: lambda entry: (entry.user_id, entry.on, entry.half),
        Line.DAY: lambda entry: (entry.user_id, entry.on),
        Line.MONTH: lambda entry: entry.user_id,
    }[layout.line]
    writes = [SOURCES[layout.line][holds] for holds, _header in layout.columns]
    return [
        [write(layout, group) for write in writes]
        for group in (list(group) for _key, group in groupby(entries, key))
    ]


@dataclass(frozen=True, slots=True)
class MonthCounts:
    """What a month comes to before it is closed. `unknown`: (person, half-days) of whom something is not known."""

    by_class: Mapping[DayClass, int]
    unknown: tuple[tuple[int, int], ...]

    @property
    def working(self) -> int:
        """Half-days of working days."""
        return sum(count for day_class, count in self.by_class.items() if day_class is not DayClass.CLOSED)


def counts(halves: Iterable[tuple[int, DayClass]], kept: Iterable[Kept] = ()) -> MonthCounts:
    """Count half-days given as (person, class), and those of people who are forgotten."""
    by_class: Counter[DayClass] = Counter()
    unknown: Counter[int] = Counter()
    for user_id, day_class in halves:
        by_class[day_class] += 1
        if day_class is DayClass.UNKNOWN:
            unknown[user_id] += 1
    for past in kept:
        by_class[past.day_class] += past.people
    return MonthCounts(by_class, tuple(unknown.most_common()))
