"""What stands beside a half-day's class, without a database."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given

from app.telework.daylog.rules import (
    Form,
    Voice,
    check_ins,
    confidence,
    form_of,
    is_shown,
    minutes,
    refusal,
    telework_minutes,
)
from app.telework.rules import CONFIDENCES, Confidence, DayClass
from app.timespan import TimeSpan, overlap
from tests.app.telework.test_rules import MORNING, presence, span

# who speaks: after nobody, after the person, after the chief, after personnel; "" where they may.
MAY_SPEAK = [
    (Voice.OWN, False, ["", "", "settled", "settled"]),
    (Voice.CHIEF, False, ["", "", "", "settled"]),
    (Voice.PERSONNEL, False, ["", "", "", ""]),
    (Voice.OWN, True, ["month_closed"] * 4),
    (Voice.CHIEF, True, ["month_closed"] * 4),
    (Voice.PERSONNEL, True, ["", "", "", ""]),
]


@pytest.mark.parametrize(("voice", "frozen", "expected"), MAY_SPEAK)
def test_rule_18_a_closed_month_is_for_personnel_and_nobody_overrules_who_outranks_them(
    voice: Voice, frozen: bool, expected: list[str]
) -> None:
    lasts = [None, Voice.OWN, Voice.CHIEF, Voice.PERSONNEL]
    assert [refusal(voice, last, frozen=frozen) or "" for last in lasts] == expected


@pytest.mark.parametrize(
    ("found", "counts", "stored", "expected"),
    [
        (DayClass.TELEWORK, DayClass.TELEWORK, 120, 120),
        (DayClass.TELEWORK, DayClass.TELEWORK, None, None),  # of before they were stored
        (DayClass.TELEWORK, DayClass.OFFICE, 120, 0),
        (DayClass.UNKNOWN, DayClass.UNKNOWN, 60, 60),
        (DayClass.UNKNOWN, DayClass.OFFICE, 60, 60),
        (DayClass.UNKNOWN, DayClass.TELEWORK, 60, None),
        (DayClass.UNKNOWN, DayClass.LEAVE, 60, 0),
        (DayClass.OFFICE, DayClass.OFFICE, None, 0),
    ],
)
def test_rule_16_minutes_stand_unless_somebody_says_what_all_of_the_half_day_was(
    found: DayClass, counts: DayClass, stored: int | None, expected: int | None
) -> None:
    assert telework_minutes(found, counts, stored) == expected


@pytest.mark.parametrize(
    ("reason", "last", "expected"),
    [
        ("home_reported", None, Confidence.CERTAIN),
        ("home_and_check_in", None, Confidence.PRESUMED),
        ("no_evidence", None, Confidence.NONE),
        ("home_and_check_in", (DayClass.OFFICE, Voice.OWN), Confidence.LIKELY),
        ("home_and_check_in", (DayClass.OFFICE, Voice.CHIEF), Confidence.CERTAIN),
        ("no_evidence", (DayClass.LEAVE, Voice.PERSONNEL), Confidence.CERTAIN),
        ("check_in_by_hand", (DayClass.UNKNOWN, Voice.PERSONNEL), Confidence.NONE),
    ],
)
def test_a_half_day_is_as_sure_as_its_last_word(
    reason: str, last: tuple[DayClass, Voice] | None, expected: Confidence
) -> None:
    assert confidence(reason, last) is expected


def test_every_reason_has_its_confidence() -> None:
    assert all(confidence(reason, None) is sure for reason, sure in CONFIDENCES.items())


@pytest.mark.parametrize(
    ("day_class", "planned", "expected"),
    [
        (DayClass.TELEWORK, Form.HOME, Form.HOME),
        (DayClass.TELEWORK, Form.SATELLITE, Form.SATELLITE),
        (DayClass.TELEWORK, None, Form.HOME),
        (DayClass.TRIP, None, Form.MOBILE),
        (DayClass.TRIP, Form.SATELLITE, Form.MOBILE),
        (DayClass.OFFICE, Form.HOME, None),
        (DayClass.UNKNOWN, None, None),
    ],
)
def test_the_form_of_telework(day_class: DayClass, planned: Form | None, expected: Form | None) -> None:
    assert form_of(day_class, planned) is expected


@pytest.mark.parametrize(
    ("is_own", "is_answered", "days", "expected"),
    [
        (True, False, 0, True),
        (False, False, 3, False),
        (False, False, 4, True),
        (False, True, 0, True),
    ],
)
def test_rule_17_a_conflict_is_shown_to_the_person_first(
    is_own: bool, is_answered: bool, days: int, expected: bool
) -> None:
    on = date(2026, 11, 24)
    shown = is_shown(
        on,
        is_own=is_own,
        is_answered=is_answered,
        today=on + timedelta(days=days),
        wait=timedelta(days=3),
    )
    assert shown is expected


@given(presence, presence)
def test_the_times_shown_are_those_that_were_counted(
    by_hand: list[TimeSpan], inferred: list[TimeSpan]
) -> None:
    found = check_ins(MORNING, by_hand, inferred)
    for spans, given_spans in ((found.by_hand, by_hand), (found.inferred, inferred)):
        assert minutes(spans) == overlap(given_spans, MORNING) // timedelta(minutes=1)
        assert all(MORNING.start <= one.start and one.end <= MORNING.end for one in spans)
        assert list(spans) == sorted(spans)


def test_what_lies_outside_the_hours_is_no_evidence() -> None:
    assert check_ins(MORNING, [span(-60, 0), span(210, 400)], []).by_hand == ()
