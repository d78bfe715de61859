"""Every combination of plan, evidence and calendar with its class, written out by hand (RULES 17).

A cell: the class, and how sure it is. C closed · L leave · T trip · O office · H telework, reported · h telework, not
yet reported · ! telework, and a conflict to be asked about · p office, presumed · - unknown. Of a plan for some hours
of the half-day, a second table says what a check-in beside those hours comes to; a third, for how long a check-in says
that its person was there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from zoneinfo import ZoneInfo

import pytest

from app.occupancy.rules import Occupancy
from app.telework.daylog.rules import Said, until_left
from app.telework.rules import Confidence, DayClass, Plan, PlanKind, classify
from app.timespan import TimeSpan
from tests.app.telework.test_rules import HERE, MORNING, span

MEANS = {
    "C": (DayClass.CLOSED, Confidence.CERTAIN, False),
    "L": (DayClass.LEAVE, Confidence.CERTAIN, False),
    "T": (DayClass.TRIP, Confidence.CERTAIN, False),
    "O": (DayClass.OFFICE, Confidence.CERTAIN, False),
    "H": (DayClass.TELEWORK, Confidence.CERTAIN, False),
    "h": (DayClass.TELEWORK, Confidence.LIKELY, False),
    "!": (DayClass.TELEWORK, Confidence.PRESUMED, True),
    "p": (DayClass.OFFICE_PRESUMED, Confidence.PRESUMED, False),
    "-": (DayClass.UNKNOWN, Confidence.NONE, False),
}
# The columns: (a working day, checked in by hand, inferred by the booked seat's sensor).
COLUMNS = [
    (True, False, False),
    (True, False, True),
    (True, True, False),
    (True, True, True),
    (False, False, False),
    (False, False, True),
    (False, True, False),
    (False, True, True),
]
# plan       approved reported | working day: none  sensor  hand  both | closed day: none sensor hand both
TABLE = """
none         -        -        |              -     p       O     O    |             C    C      C    C
office       no       no       |              -     p       O     O    |             C    C      C    C
office       no       yes      |              -     p       O     O    |             C    C      C    C
office       yes      no       |              -     p       O     O    |             C    C      C    C
office       yes      yes      |              -     p       O     O    |             C    C      C    C
home         no       no       |              -     p       O     O    |             C    C      C    C
home         no       yes      |              -     p       O     O    |             C    C      C    C
home         yes      no       |              h     h       !     !    |             C    C      C    C
home         yes      yes      |              H     H       !     !    |             C    C      C    C
satellite    no       no       |              -     p       O     O    |             C    C      C    C
satellite    no       yes      |              -     p       O     O    |             C    C      C    C
satellite    yes      no       |              h     h       !     !    |             C    C      C    C
satellite    yes      yes      |              H     H       !     !    |             C    C      C    C
trip         no       no       |              -     p       O     O    |             C    C      C    C
trip         no       yes      |              -     p       O     O    |             C    C      C    C
trip         yes      no       |              T     T       T     T    |             C    C      C    C
trip         yes      yes      |              T     T       T     T    |             C    C      C    C
leave        no       no       |              -     p       O     O    |             C    C      C    C
leave        no       yes      |              -     p       O     O    |             C    C      C    C
leave        yes      no       |              L     L       L     L    |             C    C      C    C
leave        yes      yes      |              L     L       L     L    |             C    C      C    C
"""
# Hours which make the half-day: checked in by hand in them alone, in the others alone, all the time.
PART, BESIDE = span(0, 120), span(120, 210)
TABLE_OF_PARTS = """
plan         approved reported | in its hours  beside them  both
home         no       no       |            O     O            O
home         no       yes      |            O     O            O
home         yes      no       |            !     h            !
home         yes      yes      |            !     H            !
satellite    no       no       |            O     O            O
satellite    no       yes      |            O     O            O
satellite    yes      no       |            !     h            !
satellite    yes      yes      |            !     H            !
trip         no       no       |            O     O            O
trip         no       yes      |            O     O            O
trip         yes      no       |            T     T            T
trip         yes      yes      |            T     T            T
leave        no       no       |            O     O            O
leave        no       yes      |            O     O            O
leave        yes      no       |            L     L            L
leave        yes      yes      |            L     L            L
"""

Planned = tuple[str, str, str]


def rows() -> list[tuple[Planned, list[str]]]:
    found = []
    for line in TABLE.split("\n"):
        if line.strip():
            plan, working, closed = (part.split() for part in line.split("|"))
            found.append(((plan[0], plan[1], plan[2]), [*working, *closed]))
    return found


def test_the_table_has_every_combination_once() -> None:
    planned = [("none", "-", "-"), *product([kind.value for kind in PlanKind], ("no", "yes"), ("no", "yes"))]
    assert sorted(plan for plan, _cells in rows()) == sorted(planned)
    assert sorted(COLUMNS) == sorted(product((False, True), repeat=3))
    assert all(len(cells) == len(COLUMNS) for _plan, cells in rows())


@pytest.mark.parametrize(("planned", "cells"), rows(), ids=" ".join)
def test_a_plan_comes_to_what_the_table_says(planned: Planned, cells: list[str]) -> None:
    kind, approved, reported = planned
    plan = None if kind == "none" else Plan(PlanKind(kind), approved == "yes", reported == "yes")
    found = []
    for working, by_hand, inferred in COLUMNS:
        one = classify(
            MORNING,
            working=working,
            plan=plan,
            by_hand=HERE if by_hand else [],
            inferred=HERE if inferred else [],
        )
        found.append((one.day_class, one.confidence, one.conflict))
    assert found == [MEANS[cell] for cell in cells]


def rows_of_parts() -> list[tuple[list[str], list[str]]]:
    lines = TABLE_OF_PARTS.strip().splitlines()[1:]
    return [(plan.split(), cells.split()) for plan, _bar, cells in (line.partition("|") for line in lines)]


@pytest.mark.parametrize(("planned", "cells"), rows_of_parts(), ids=" ".join)
def test_a_plan_for_some_hours_comes_to_what_the_table_says(planned: list[str], cells: list[str]) -> None:
    kind, approved, reported = planned
    plan = Plan(PlanKind(kind), approved == "yes", reported == "yes", span=PART)
    found = [
        classify(MORNING, working=True, plan=plan, by_hand=by_hand, inferred=[])
        for by_hand in ([PART], [BESIDE], [PART, BESIDE])
    ]
    assert [(one.day_class, one.confidence, one.conflict) for one in found] == [MEANS[cell] for cell in cells]


# Checked in at 08:31, until the office closes. E: there until then; S: until the last signal; P: until the plan begins.
CHECKED_IN, LAST_SIGNAL = span(1, 525), span(200, 525).start
UNTIL = {"E": CHECKED_IN.end, "S": LAST_SIGNAL, "P": span(210, 525).start}
# When the person is away as approved: never, from noon, in the morning, all day, in the middle of the morning.
AWAYS: Sequence[Sequence[TimeSpan]] = (
    [],
    [span(210, 930)],
    [span(-510, 270)],
    [span(-510, 270), span(210, 930)],
    [span(60, 150)],
)
# What the space is when the office closes, since which minute; what it was before, since which.
WORDS: Mapping[str, tuple[str, int, str, int] | None] = {
    "no_sensor": None,
    "sees_somebody": ("occupied", 300, "vacant", 200),
    "stuck": ("occupied", -720, "vacant", -800),
    "saw_them_go": ("vacant", 200, "occupied", 0),
    "stuck_until_then": ("vacant", 200, "occupied", -720),
    "saw_nobody": ("vacant", 0, "occupied", -60),
    "silent_until_then": ("vacant", 200, "offline", 30),
    "unknown_until_then": ("vacant", 200, "unknown", 30),
    "new": ("vacant", 200, "", 0),
    "offline": ("offline", 300, "vacant", 200),
    "unknown": ("unknown", 300, "vacant", 200),
}
# E after a stroke: where the person chose the hours and checked in by hand.
TABLE_OF_LEAVING = """
away                | never  from noon  morning  all day  and back
no_sensor           | E      P          E        E        E
sees_somebody       | E      E          E        E        E
stuck               | E      P          E        E        E
saw_them_go         | S/E    S          S        S        S
stuck_until_then    | E      P          E        E        E
saw_nobody          | E      P          E        E        E
silent_until_then   | E      P          E        E        E
unknown_until_then  | E      P          E        E        E
new                 | E      P          E        E        E
offline             | E      P          E        E        E
unknown             | E      P          E        E        E
"""


def rows_of_leaving() -> list[tuple[str, list[str]]]:
    lines = TABLE_OF_LEAVING.strip().splitlines()[1:]
    return [(word.strip(), cells.split()) for word, _bar, cells in (line.partition("|") for line in lines)]


def test_the_table_of_leaving_has_every_word_of_a_sensor_once() -> None:
    assert [word for word, _cells in rows_of_leaving()] == list(WORDS)


@pytest.mark.parametrize(("word", "cells"), rows_of_leaving(), ids=str)
def test_rule_15_a_check_in_lasts_for_as_long_as_the_table_says(word: str, cells: list[str]) -> None:
    said = None
    if (heard := WORDS[word]) is not None:
        state, since, before, before_since = heard
        said = Said(
            Occupancy(state),
            span(since, 600).start,
            Occupancy(before) if before else None,
            span(before_since, 600).start if before else None,
            by=CHECKED_IN.end,
        )
    for is_own_word, place in ((False, 0), (True, -1)):
        found = [
            until_left(CHECKED_IN, said, away, ZoneInfo("Asia/Tokyo"), is_own_word=is_own_word)
            for away in AWAYS
        ]
        assert found == [TimeSpan(CHECKED_IN.start, UNTIL[cell.split("/")[place]]) for cell in cells]
