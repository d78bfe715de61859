"""Names found by their first letters, sections changed from a day, attempts counted: pure rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.people.rules import (
    Employed,
    Employment,
    Stay,
    begun,
    fallen_away,
    folded,
    free_again_at,
    is_circle,
    is_named,
    lineage,
    outline,
    reach,
    reassigned,
)

KANA = st.text(alphabet="あがさざただはばぱやゃゆゅつっアガパヴーヶ ｶﾞﾊﾟ　", max_size=12)
DAYS = st.dates(date(2024, 1, 1), date(2027, 12, 31))
MIDNIGHT = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ヤマダ", "やまた"),
        ("ﾔﾏﾀﾞ", "やまだ"),
        ("しょうじ", "シヨウシ"),
        ("はっとり", "ばつとり"),
        ("ヴ", "う"),
        ("髙﨑", "高崎"),
        ("𠮷田 渡\U000e0100邊", "吉田渡辺"),
        ("やまだ　はなこ", "やまだはなこ"),
        ("ＡＢｃ", "abC"),
    ],
)
def test_letters_that_people_take_for_the_same_are_the_same(one: str, other: str) -> None:
    assert folded(one) == folded(other)


@given(KANA)
def test_folding_twice_is_folding_once(text: str) -> None:
    assert folded(folded(text)) == folded(text)


@given(KANA, st.integers(0, 12))
def test_every_beginning_of_a_name_finds_it(kana: str, length: int) -> None:
    beginning = kana[:length]
    # Half-width voicing is a letter of its own: cut before it, the folded beginning is the same.
    assert is_named(beginning, kana=kana, name="") == bool(folded(beginning))


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ("やま", True),
        ("ヤマ", True),
        ("はな", True),
        ("山", True),
        ("花", True),
        ("まだ", False),
        ("", False),
    ],
)
def test_family_name_or_given_name_by_kana_or_kanji(query: str, is_found: bool) -> None:
    assert is_named(query, kana="やまだ はなこ", name="山田 花子") == is_found


STAYS = st.lists(
    st.tuples(st.integers(1, 4), DAYS, st.none() | st.integers(0, 400)).map(
        lambda made: Stay(made[0], made[1], None if made[2] is None else made[1] + timedelta(days=made[2]))
    ),
    max_size=6,
)


def sections_on(stays: list[Stay], on: date) -> set[int]:
    return {one.section_id for one in stays if one.holds(on)}


@given(STAYS, st.sets(st.integers(1, 4), min_size=1), DAYS, DAYS)
def test_from_the_day_on_exactly_these_sections_and_before_it_what_was(
    stays: list[Stay], sections: set[int], from_on: date, on: date
) -> None:
    after = reassigned(stays, sections, from_on)
    assert sections_on(after, on) == (sections if on >= from_on else sections_on(stays, on))
    assert all(one.until_on is None or one.from_on <= one.until_on for one in after)
    assert reassigned(after, sections, from_on) == after


def test_a_section_that_goes_on_keeps_its_row() -> None:
    before = [Stay(1, date(2025, 4, 1), None, 11), Stay(2, date(2025, 4, 1), None, 12)]
    assert reassigned(before, {2, 3}, date(2026, 4, 1)) == [
        Stay(1, date(2025, 4, 1), date(2026, 3, 31), 11),
        Stay(2, date(2025, 4, 1), None, 12),
        Stay(3, date(2026, 4, 1)),
    ]


@given(STAYS, st.sets(st.integers(1, 4), min_size=1), DAYS, DAYS)
def test_what_falls_away_has_no_row_any_more_and_began_that_day_or_later_but_goes_on_where_it_is_wanted(
    stays: list[Stay], sections: set[int], from_on: date, today: date
) -> None:
    before = [replace(one, id=number) for number, one in enumerate(stays)]
    after = reassigned(before, sections, from_on)
    gone = fallen_away(before, after)
    assert {one.id for one in before} == {one.id for one in after if one.id is not None} | {
        one.id for one in gone
    }
    assert all(one.from_on >= from_on for one in gone)
    begun_then = {one.section_id for one in before if one.from_on == from_on}
    new = {one.section_id for one in after if one.id is None}
    assert new.isdisjoint(begun_then)
    assert begun(gone, today) == [one for one in gone if one.from_on < today]
    assert fallen_away(after, reassigned(after, sections, from_on)) == []


MINUTES = st.lists(st.integers(-60, 0), max_size=30)


@given(MINUTES, st.integers(1, 10))
def test_attempts_are_free_again_when_enough_of_them_are_old_enough(minutes: list[int], at_most: int) -> None:
    within = timedelta(minutes=15)
    attempts = [MIDNIGHT + timedelta(minutes=one) for one in minutes]
    until = free_again_at(attempts, MIDNIGHT, at_most=at_most, within=within)
    recent = sum(one > MIDNIGHT - within for one in attempts)
    assert (until is None) == (recent < at_most)
    if until is not None:
        assert MIDNIGHT < until <= MIDNIGHT + within
        assert free_again_at(attempts, until, at_most=at_most, within=within) is None


# 局 1 > 部 2 > 課 3 > 係 4, a 課 5 beside it, and a 局 6 of its own.
OFFICE = {1: None, 2: 1, 3: 2, 4: 3, 5: 2, 6: None}
SECTIONS = st.integers(1, 9)
# Also such as no office has: circles, and superiors that do not exist.
TREES = st.dictionaries(SECTIONS, st.none() | SECTIONS)


def test_a_section_lies_within_all_above_it_and_reaches_all_below() -> None:
    assert lineage([4], OFFICE).keys() == {4, 3, 2, 1}
    assert lineage([3], OFFICE).keys() == {3, 2, 1}
    assert reach({3}, OFFICE) == {3, 4}
    assert reach({2}, OFFICE) == {2, 3, 4, 5}
    assert reach({4, 6}, OFFICE) == {4, 6}
    assert reach(frozenset(), OFFICE) == frozenset()


@given(TREES, SECTIONS, SECTIONS)
def test_whom_one_reaches_lies_within_one_and_the_other_way_round(
    parents: dict[int, int | None], one: int, other: int
) -> None:
    if other in parents:
        assert (other in reach({one}, parents)) == (one in lineage([other], parents))


@pytest.mark.parametrize(
    ("section", "parent", "expected"),
    [(3, 3, True), (3, 4, True), (1, 4, True), (3, 5, False), (4, 5, False), (5, 4, False), (1, None, False)],
)
def test_a_section_lies_under_nothing_that_lies_under_it(
    section: int, parent: int | None, expected: bool
) -> None:
    assert is_circle(section, parent, OFFICE) is expected


def test_the_outline_reads_as_the_tree() -> None:
    listed = [6, 1, 5, 2, 3, 4]
    assert outline(listed, OFFICE) == [(6, 0), (1, 0), (2, 1), (5, 2), (3, 2), (4, 3)]
    assert outline([4, 5], OFFICE) == [(4, 0), (5, 0)]


@given(TREES)
def test_the_outline_names_every_section_once_whatever_lies_under_what(
    parents: dict[int, int | None],
) -> None:
    assert sorted(one for one, _depth in outline(list(parents), parents)) == sorted(parents)


REGULAR, FISCAL, OTHER = Employment.REGULAR, Employment.FISCAL_YEAR, Employment.OTHER
MARCH, APRIL, MAY = date(2027, 3, 31), date(2027, 4, 1), date(2027, 5, 1)


@pytest.mark.parametrize(
    ("before", "to", "from_on", "after"),
    [
        (Employed(REGULAR), FISCAL, APRIL, Employed(FISCAL, ((MARCH, REGULAR),))),
        (Employed(REGULAR), REGULAR, APRIL, Employed(REGULAR)),
        # What was planned from the same day on, or a later one, falls away.
        (Employed(FISCAL, ((MARCH, REGULAR),)), OTHER, APRIL, Employed(OTHER, ((MARCH, REGULAR),))),
        (Employed(FISCAL, ((MARCH, REGULAR),)), REGULAR, APRIL, Employed(REGULAR)),
        (
            Employed(FISCAL, ((MARCH, REGULAR),)),
            OTHER,
            MARCH,
            Employed(OTHER, ((date(2027, 3, 30), REGULAR),)),
        ),
        # What was before stays.
        (
            Employed(FISCAL, ((MARCH, REGULAR),)),
            OTHER,
            MAY,
            Employed(OTHER, ((MARCH, REGULAR), (date(2027, 4, 30), FISCAL))),
        ),
        (Employed(FISCAL, ((MARCH, REGULAR),)), FISCAL, MAY, Employed(FISCAL, ((MARCH, REGULAR),))),
    ],
)
def test_an_employment_changes_from_a_day_on(
    before: Employed, to: Employment, from_on: date, after: Employed
) -> None:
    assert before.changed(to, from_on) == after


@given(st.lists(st.tuples(st.sampled_from(Employment), DAYS)), DAYS)
def test_each_day_is_of_the_last_change_of_it_and_the_terms_say_the_same(
    changes: list[tuple[Employment, date]], on: date
) -> None:
    employed, expected = Employed(REGULAR), REGULAR
    for to, from_on in changes:
        employed = employed.changed(to, from_on)
        expected = to if from_on <= on else expected
    assert employed.on(on) is expected
    (term,) = [one for one in employed.terms if (one.from_on or date.min) <= on <= (one.until_on or date.max)]
    assert term.employment is expected
    days = [until_on for until_on, _kind in employed.earlier]
    assert days == sorted(set(days))
