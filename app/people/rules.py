"""Pure rules of people: how a name is found, which sections are one's own, how a change of sections reads, when too
many attempts are too many."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TypeVar

SMALL_KANA = str.maketrans("ぁぃぅぇぉっゃゅょゎゕゖ", "あいうえおつやゆよわかけ")
VOICING = frozenset("\u3099\u309a")
# Ways of writing a character of a name (異体字) that people type as the usual one; selectors of a variant say nothing.
VARIANTS = str.maketrans(
    "髙﨑㟢濵濱邊邉齋齊桒𠮷德櫻澤廣嶋嶌國眞惠榮瀨舘條栁曾淸靜會學實壽彌禮萬與豐鐵關冨峯嶽埜黑淺增藏圓團龍瀧",
    "高崎崎浜浜辺辺斎斉桑吉徳桜沢広島島国真恵栄瀬館条柳曽清静会学実寿弥礼万与豊鉄関富峰岳野黒浅増蔵円団竜滝",
)
FOLDED = SMALL_KANA | VARIANTS
FIRST_KATAKANA, LAST_KATAKANA, KATAKANA_TO_HIRAGANA = "ァ", "ヶ", ord("ァ") - ord("ぁ")


class Employment(StrEnum):
    """How somebody is employed: 任期の定めなし, 再任用, 任期付, 会計年度任用, 短時間勤務, その他."""

    REGULAR = "regular"
    REAPPOINTED = "reappointed"
    FIXED_TERM = "fixed_term"
    FISCAL_YEAR = "fiscal_year"
    PART_TIME = "part_time"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Term:
    """How somebody is employed from a day until another (both included; None: ever since, and until further notice)."""

    employment: Employment
    from_on: date | None
    until_on: date | None


@dataclass(frozen=True, slots=True)
class Employed:
    """How somebody is employed in time: in the end as `latest`, before as `earlier`, each until a day (included), in
    the order of these days."""

    latest: Employment
    earlier: tuple[tuple[date, Employment], ...] = ()

    def on(self, on: date) -> Employment:
        """How somebody is employed on a day."""
        return next((kind for until_on, kind in self.earlier if on <= until_on), self.latest)

    def changed(self, to: Employment, from_on: date) -> Employed:
        """Employed as `to` from a day on; what was before stays as it was, what was planned for later falls away."""
        eve = from_on - timedelta(days=1)
        earlier = tuple((until_on, kind) for until_on, kind in self.earlier if until_on < eve)
        was = self.on(eve)
        return Employed(to, earlier if was is to else (*earlier, (eve, was)))

    def falling_away(self, from_on: date) -> list[Term]:
        """What began on a day or later: a change from that day on replaces it."""
        return [one for one in self.terms if one.from_on is not None and one.from_on >= from_on]

    @property
    def terms(self) -> list[Term]:
        """The same, one after the other."""
        found: list[Term] = []
        from_on = None
        for until_on, kind in self.earlier:
            found.append(Term(kind, from_on, until_on))
            from_on = until_on + timedelta(days=1)
        return [*found, Term(self.latest, from_on, None)]


def folded(text: str) -> str:
    """Text as names are compared: full width, hiragana, small kana, voicing and ways of writing folded, no spaces.

    ﾔﾏﾀﾞ, ヤマダ, やまだ and やまた are one, and so are 髙﨑 and 高崎.
    """
    plain = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold())
    return "".join(
        chr(ord(one) - KATAKANA_TO_HIRAGANA) if FIRST_KATAKANA <= one <= LAST_KATAKANA else one
        for one in plain
        if one not in VOICING and not one.isspace() and not _selects_variant(one)
    ).translate(FOLDED)


def _selects_variant(one: str) -> bool:
    return "\ufe00" <= one <= "\ufe0f" or "\U000e0100" <= one <= "\U000e01ef"


def is_named(query: str, *, kana: str, name: str) -> bool:
    """Whether the family name or the given name, by kana or as it is written, begins with `query`."""
    wanted = folded(query)
    begins = (text for full in (kana, name) for text in (full, *full.split()))
    return bool(wanted) and any(folded(text).startswith(wanted) for text in begins)


def lineage(sections: Iterable[int], parents: Mapping[int, int | None]) -> dict[int, int]:
    """Sections and all above them (係・課・部・局), each with its distance from the nearest of `sections`: whose zones
    their people enter, and whose chiefs act for them."""
    found: dict[int, int] = {}
    level, distance = set(sections), 0
    while level:
        found |= dict.fromkeys(level, distance)
        above = {parents.get(one) for one in level}
        level = {one for one in above if one is not None and one not in found}
        distance += 1
    return found


def reach(sections: Set[int], parents: Mapping[int, int | None]) -> frozenset[int]:
    """Sections and all below them: how far a chief's word goes. The other side of `lineage`."""
    return frozenset(sections) | {one for one in parents if not sections.isdisjoint(lineage([one], parents))}


def is_circle(section: int, parent: int | None, parents: Mapping[int, int | None]) -> bool:
    """Whether a section under `parent` would be above itself."""
    return parent is not None and section in lineage([parent], parents)


def outline(sections: Sequence[int], parents: Mapping[int, int | None]) -> list[tuple[int, int]]:
    """Sections as a list that reads as their tree: each under the one above it, with how deep it lies. Those beside
    each other stay in the order given; one whose superior is not among them, or lies under it, stands at the top."""
    below: dict[int | None, list[int]] = {}
    for one in sections:
        above = parents.get(one)
        top = above not in sections or is_circle(one, above, parents)
        below.setdefault(None if top else above, []).append(one)
    found: list[tuple[int, int]] = []
    waiting = [(one, 0) for one in reversed(below.get(None, []))]
    while waiting:
        one, depth = waiting.pop()
        found.append((one, depth))
        waiting += [(other, depth + 1) for other in reversed(below.get(one, []))]
    return found


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


Held = TypeVar("Held", bound=Stay | Term)


def reassigned(stays: Iterable[Stay], sections: Set[int], from_on: date) -> list[Stay]:
    """The stays of somebody who belongs to exactly `sections` from a day on; what was before stays as it was.

    What was planned for that day or later falls away. A section that goes on goes on in its row, also where it began
    on that very day.
    """
    kept: list[Stay] = []
    going_on: set[int] = set()
    for stay in sorted(stays, key=lambda one: one.from_on):
        if stay.from_on > from_on:
            continue
        if not stay.holds(from_on):
            kept.append(stay)
        elif stay.section_id in sections - going_on:
            kept.append(replace(stay, until_on=None))
            going_on.add(stay.section_id)
        elif stay.from_on < from_on:
            kept.append(replace(stay, until_on=from_on - timedelta(days=1)))
    return kept + [Stay(section, from_on) for section in sorted(sections - going_on)]


def fallen_away(stays: Iterable[Stay], after: Iterable[Stay]) -> list[Stay]:
    """The stays whose rows do not go on in those that come after."""
    kept = {one.id for one in after}
    return [one for one in stays if one.id not in kept]


def begun(fell_away: Iterable[Held], today: date) -> list[Held]:
    """Of what falls away, that which held already: the past would be another one."""
    return [one for one in fell_away if one.from_on is None or one.from_on < today]


def free_again_at(
    attempts: Sequence[datetime], now: datetime, *, at_most: int, within: timedelta
) -> datetime | None:
    """When the next attempt may be made, after those that failed; None: now."""
    recent = sorted(at for at in attempts if at > now - within)
    return recent[-at_most] + within if len(recent) >= at_most else None
