"""Pure rules of people: how a name is found, how a change of sections reads, when too many attempts are too many."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

SMALL_KANA = str.maketrans("ぁぃぅぇぉっゃゅょゎゕゖ", "あいうえおつやゆよわかけ")
VOICING = frozenset("\u3099\u309a")
FIRST_KATAKANA, LAST_KATAKANA, KATAKANA_TO_HIRAGANA = "ァ", "ヶ", ord("ァ") - ord("ぁ")


class Employment(StrEnum):
    """How somebody is employed: 任期の定めなし, 再任用, 任期付, 会計年度任用, 短時間勤務, その他."""

    REGULAR = "regular"
    REAPPOINTED = "reappointed"
    FIXED_TERM = "fixed_term"
    FISCAL_YEAR = "fiscal_year"
    PART_TIME = "part_time"
    OTHER = "other"


def folded(text: str) -> str:
    """Text as names are compared: full width, hiragana, small kana and voicing folded, no spaces.

    ﾔﾏﾀﾞ, ヤマダ, やまだ and やまた are one.
    """
    plain = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold())
    return "".join(
        chr(ord(one) - KATAKANA_TO_HIRAGANA) if FIRST_KATAKANA <= one <= LAST_KATAKANA else one
        for one in plain
        if one not in VOICING and not one.isspace()
    ).translate(SMALL_KANA)


def is_named(query: str, *, kana: str, name: str) -> bool:
    """Whether the family name or the given name, by kana or as it is written, begins with `query`."""
    wanted = folded(query)
    begins = (text for full in (kana, name) for text in (full, *full.split()))
    return bool(wanted) and any(folded(text).startswith(wanted) for text in begins)


@dataclass(frozen=True, slots=True)
class Stay:
    """Somebody belongs to a section from a day until another (both included). `id`: of its row, None for a new one."""

    section_id: int
    from_on: date
    until_on: date | None = None
    id: int | None = None

    def holds(self, on: date) -> bool:
        """Whether they belong to it on a day."""
        return self.from_on <= on and (self.until_on is None or on <= self.until_on)


def reassigned(stays: Iterable[Stay], sections: Set[int], from_on: date) -> list[Stay]:
    """The stays of somebody who belongs to exactly `sections` from a day on; what was before stays as it was.

    What was planned for that day or later falls away. A section that goes on goes on in its row.
    """
    kept: list[Stay] = []
    going_on: set[int] = set()
    for stay in sorted(stays, key=lambda one: one.from_on):
        if stay.from_on >= from_on:
            continue
        if not stay.holds(from_on):
            kept.append(stay)
        elif stay.section_id in sections - going_on:
            kept.append(replace(stay, until_on=None))
            going_on.add(stay.section_id)
        else:
            kept.append(replace(stay, until_on=from_on - timedelta(days=1)))
    return kept + [Stay(section, from_on) for section in sorted(sections - going_on)]


def free_again_at(
    attempts: Sequence[datetime], now: datetime, *, at_most: int, within: timedelta
) -> datetime | None:
    """When the next attempt may be made, after those that failed; None: now."""
    recent = sorted(at for at in attempts if at > now - within)
    return recent[-at_most] + within if len(recent) >= at_most else None
