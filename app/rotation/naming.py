"""Whom and what a section's rotation setting names, and what of it does not apply since they are elsewhere; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.errors import RuleBroken

Setting = Mapping[str, Any]  # as `app.rotation.schemas.SettingForm` has it


def people_in(setting: Setting) -> set[int]:
    """Everybody whom a setting names, also one that is not all filled in."""
    found = {one["user_id"] for one in setting.get("people", ())}
    found |= {one.get("mentor") for one in setting.get("people", ())}
    found |= {duty[who] for duty in setting.get("duties", ()) for who in ("main", "deputy")}
    found |= {
        user_id
        for kind in ("covers", "meetings")
        for one in setting.get(kind, ())
        for user_id in one.get("people") or ()
    }
    return found - {None}


def own_mentors(setting: Setting) -> list[int]:
    """Those whom a setting names as their own mentor."""
    return [one["user_id"] for one in setting.get("people", ()) if one.get("mentor") == one["user_id"]]


def duties_of_one(setting: Setting) -> list[str]:
    """The duties whose main person and deputy are the same, also of a setting that is not all filled in."""
    return [
        duty["name"]
        for duty in setting.get("duties", ())
        if duty["main"] is not None and duty["main"] == duty["deputy"]
    ]


def duties_among(setting: Setting, here: Collection[int]) -> list[dict[str, str]]:
    """The duties of a setting whose people are both `here`, as a problem has them. Raises RuleBroken
    `rotation.own_deputy` where one has the same person twice."""
    applying = [one for one in setting.get("duties", ()) if {one["main"], one["deputy"]} <= set(here)]
    for name in duties_of_one({"duties": applying}):
        raise RuleBroken("rotation.own_deputy", duty=name)
    return [{"name": one["name"], "main": str(one["main"]), "deputy": str(one["deputy"])} for one in applying]


def sections_in(setting: Setting) -> set[int]:
    """Every section that a setting names."""
    return {one["section"] for one in setting.get("covers", ()) if one.get("section") is not None}


class Part(StrEnum):
    """A part of a setting."""

    PERSON = "person"
    MENTOR = "mentor"
    COVER = "cover"
    COVER_SECTION = "cover_section"
    DUTY = "duty"
    MEETING = "meeting"


@dataclass(frozen=True, slots=True)
class Lapsed:
    """A part of a setting that names `people` who are elsewhere, or a section that is not below; `about`: the name of a
    cover or duty, the day of a meeting, the id of who has a mentor."""

    part: Part
    about: str
    people: Sequence[int] = ()


def lapsed(setting: Setting, here: Collection[int], sections: Collection[int]) -> list[Lapsed]:
    """What of a setting does not apply, for whoever is `here` in a section with these `sections` below it."""
    return [*_of_rules(setting, here, sections), *_of_people(setting, here)]


def _of_rules(setting: Setting, here: Collection[int], sections: Collection[int]) -> Iterator[Lapsed]:
    for cover in setting.get("covers", ()):
        if gone := _gone(cover.get("people") or (), here):
            yield Lapsed(Part.COVER, cover["name"], gone)
        if cover.get("section") is not None and cover["section"] not in sections:
            yield Lapsed(Part.COVER_SECTION, cover["name"])
    for duty in setting.get("duties", ()):
        if gone := _gone((duty["main"], duty["deputy"]), here):
            yield Lapsed(Part.DUTY, duty["name"], gone)
    for meeting in setting.get("meetings", ()):
        if gone := _gone(meeting.get("people") or (), here):
            yield Lapsed(Part.MEETING, meeting["on"], gone)


def _of_people(setting: Setting, here: Collection[int]) -> Iterator[Lapsed]:
    for one in setting.get("people", ()):
        if one["user_id"] not in here:
            yield Lapsed(Part.PERSON, "", [one["user_id"]])
        elif one.get("mentor") is not None and one["mentor"] not in here:
            yield Lapsed(Part.MENTOR, str(one["user_id"]), [one["mentor"]])


def _gone(named: Sequence[int], here: Collection[int]) -> list[int]:
    return [user_id for user_id in dict.fromkeys(named) if user_id not in here]
