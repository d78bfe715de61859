"""People: email, name, kana, extension, role, employment, locale (ja, en; empty: the office's), sections (codes apart
by `|`), from_on: the day from which they belong to exactly these sections; empty: that of the import; leaves_on: the
last day of whoever leaves; empty: it says nothing, so that nobody whose leaving is planned stays by accident; and
employment_from: the day from which they are employed so; empty: that of the import.

Who is not in it stays. The line of somebody who has left already, and of whom it says nothing else, is passed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from app import events
from app.bulk import among
from app.errors import Conflict
from app.people import lookup
from app.people.models import Membership, Role, Section, User
from app.people.rules import Employment, Stay, Term, begun, fallen_away, reassigned
from app.people.staffing import LOOKS_AFTER, told
from app.records.sheets import in_time, leaving, storing
from app.records.sheets.rules import (
    Change,
    Diff,
    Key,
    Refusal,
    Said,
    Values,
    codes,
    day_or_none,
    email,
    one_of,
    text,
)
from app.records.sheets.sheet import Asked, Sheet
from app.settings import LOCALES
from app.telework.guards import hold_closings, open_from

COLUMNS = {
    "email": email,
    "name": text(80, 1),
    "kana": text(80),
    "extension": text(16),
    "role": one_of(Role),
    "employment": one_of(Employment),
    "locale": one_of(("", *LOCALES)),
    "sections": codes,
    "from_on": day_or_none,
    "leaves_on": day_or_none,
    "employment_from": day_or_none,
}
# Of whom a file may speak, but changes nothing: no column.
HAS_LEFT = "has_left"
# By a column, where is kept what held already of it and would fall away, as read by people: no columns either.
PAST = {"sections": "past_sections", "employment": "past_employment"}
# By a column, that of the day from which it holds.
SINCE = {"sections": "from_on", "employment": "employment_from"}


def stored(session: Session, asked: Asked) -> dict[Key, Values]:
    """Everybody who has not left, with the sections and the employment of the day."""
    return _stored(session, asked, User.left_at.is_(None))


def _stored(session: Session, asked: Asked, *which: ColumnElement[bool]) -> dict[Key, Values]:
    code_of = _codes(session)
    lasts = or_(Membership.until_on.is_(None), Membership.until_on >= asked.on)
    of = in_time.stays(session, (Membership.from_on <= asked.on) & lasts)
    employed = in_time.employed(session)
    users = session.scalars(select(User).where(*which).order_by(User.email))
    return {
        ("person", user.email): {
            "email": user.email,
            "name": user.name,
            "kana": user.kana,
            "extension": user.extension,
            "role": user.role.value,
            "employment": employed[user.id].on(asked.on).value,
            "locale": user.locale,
            "sections": _sections(of[user.id], code_of, asked.on),
            "from_on": "",
            "leaves_on": leaving.last_day(user.leaves_at, asked),
            "employment_from": "",
            **({HAS_LEFT: "1"} if user.left_at else {}),
        }
        for user in users
    }


def before(session: Session, asked: Asked, said: Sequence[Said]) -> dict[Key, Values]:
    """The same, but of whom a line names with a day: with the sections, or the employment, of that day. Also those who
    have left, on whichever day."""
    found = _stored(session, asked)
    for _line, what, key, said_of in said:
        if (values := found.get((what, key))) and HAS_LEFT in values:
            values["leaves_on"] = said_of.get("leaves_on", "")
    if _named(said, "leaves_on"):
        leaving.add_hosts(session, found)
    ids = {row.email: row.id for row in session.execute(select(User.email, User.id))}
    if days := _named(said, "employment_from"):
        employed = in_time.employed(session)
        for key, on in days.items():
            if values := found.get(("person", key)):
                theirs, first = employed[ids[key]], date.fromisoformat(on)
                values["employment"] = theirs.on(first).value
                gone = begun(theirs.falling_away(first), asked.on)
                values[PAST["employment"]] = " ".join(f"{one.employment} {one.from_on}" for one in gone)
                values["employment_from"] = on
    if days := _named(said, "from_on"):
        code_of = _codes(session)
        sections = {key: set(cell.split("|")) for key, cell in _named(said, "sections").items()}
        named = sorted(ids[key] for key in days.keys() & ids.keys())
        of = in_time.stays(session, among(session, Membership.user_id, named))
        for key, on in days.items():
            if values := found.get(("person", key)):
                stays, first = of[ids[key]], date.fromisoformat(on)
                values["sections"] = _sections(stays, code_of, first)
                wanted = {one for one, code in code_of.items() if code in sections.get(key, ())}
                past = begun(fallen_away(stays, reassigned(stays, wanted, first)), asked.on)
                values[PAST["sections"]] = " ".join(
                    f"{code_of[one.section_id]} {one.from_on}" for one in past
                )
                values["from_on"] = on
    return found


def _named(said: Sequence[Said], column: str) -> dict[str, str]:
    """The days that lines say in a column, by address."""
    return {key: values[column] for _line, _what, key, values in said if values.get(column)}


def entities(values: Values) -> list[tuple[str, str, Values]]:
    """The person whom a row speaks of; no last day says nothing."""
    found = {name: one for name, one in values.items() if one or name != "leaves_on"}
    return [("person", values["email"], found)]


def check(session: Session, diff: Diff, asked: Asked) -> Iterator[Refusal]:
    """What the lines cannot have: sections, people who have left, accounts that are not theirs to change, roles that
    are not theirs to give, no other role for whoever imports, and what would change a closed month."""
    first = open_from(session)
    known = {one.code: one for one in session.scalars(select(Section))}
    # Only IT, and whoever runs the machine, hands out roles by a file.
    by_it = asked.role in {None, Role.IT}
    oneself = session.scalar(select(User.email).where(User.id == asked.actor_id))
    for change in (*diff.added, *diff.changed):
        yield from _check_sections(change, known, asked)
        yield from (
            Refusal(change.line, "csv.month_closed", column, on.isoformat())
            for column, on in _since(change, asked).items()
            if on < first
        )
        if HAS_LEFT in (change.before or {}):
            yield Refusal(change.line, "user.left", "email", change.key)
        elif "leaves_on" in change.differs:
            yield from leaving.check(change, asked, oneself)
        if change.before is None and "name" not in change.after:
            yield Refusal(change.line, "csv.empty", "name")
        was = (change.before or {}).get("role", Role.STAFF)
        role = change.after.get("role", was)
        if role != was and not by_it:
            yield Refusal(change.line, "user.role_by_it", "role", role)
        elif role != was and change.key == oneself:
            yield Refusal(change.line, "user.self", "role", role)
        elif asked.role is not None and was not in LOOKS_AFTER.get(asked.role, ()):
            yield Refusal(change.line, "user.not_allowed", "email", change.key)


def doubts(diff: Diff, _asked: Asked) -> Iterator[Refusal]:
    """Lines of people who have left and of whom they say nothing new: whoever wrote the file may not know; those by
    which sections or employments that held already fall away; and those by which webhooks fall silent."""
    for change in diff.changed:
        for column in (one for one in PAST if one in change.differs):
            if past := (change.before or {}).get(PAST[column]):
                yield Refusal(change.line, f"csv.{PAST[column]}", SINCE[column], f"{change.key}: {past}")
        yield from leaving.doubts(change)
    for change in diff.same:
        if HAS_LEFT in (change.before or {}):
            yield Refusal(change.line, "csv.left", "email", change.key)


def _check_sections(change: Change, known: Mapping[str, Section], asked: Asked) -> Iterator[Refusal]:
    """The sections that a line cannot have: unknown or closed ones, or none. Who belongs to none already, as after the
    last day of theirs, may stay so: what is exported is read again unharmed."""
    if "sections" not in change.after:
        return
    named = [one for one in change.after["sections"].split("|") if one]
    if not named and (change.before is None or change.before["sections"]):
        yield Refusal(change.line, "user.no_section", "sections")
    for section in named:
        if section not in known:
            yield Refusal(change.line, "section.unknown", "sections", section)
        elif "sections" in change.differs and not known[section].is_open(_from_on(change, asked)):
            yield Refusal(change.line, "section.closed", "sections", section)


def store(session: Session, diff: Diff, asked: Asked) -> None:
    """Add and change the accounts; who is employed otherwise is so from the line's day, else the import's; who changes
    sections belongs to the new ones from such a day, and what was planned for later falls away. Who leaves will have
    left at the end of the last day, as `app.people.staffing.plan_to_leave` plans it. A fixed number of statements.
    Raises Conflict `csv.changed`."""
    changes = [*diff.added, *diff.changed]
    storing.add(session, User, [{"email": one.key, **_values(one, asked)} for one in diff.added])
    ids = {row.email: row.id for row in session.execute(select(User.email, User.id))}
    if any(one.key not in ids for one in diff.changed):
        raise Conflict("csv.changed")  # somebody gave an account another address at this moment
    values = {ids[one.key]: _values(one, asked) for one in diff.changed}
    employed, ended = in_time.employ(
        session,
        {
            ids[one.key]: (Employment(one.after["employment"]), _from_on(one, asked, "employment_from"))
            for one in diff.changed
            if "employment" in one.differs
        },
    )
    for user_id, theirs in employed.items():
        values[user_id]["employment"] = theirs.latest
    storing.change(session, User, values, also={"version": User.version + 1})
    section_ids = {code: key for key, code in _codes(session).items()}
    wanted = {
        ids[one.key]: (
            {section_ids[code] for code in one.after["sections"].split("|") if code},
            _from_on(one, asked),
        )
        for one in changes
        if "sections" in one.differs
    }
    left = in_time.join(session, wanted)
    facts = [
        _fact(user_id, one, asked, [*left.get(user_id, ()), *ended.get(user_id, ())])
        for one in changes
        for user_id in [ids[one.key]]
    ]
    planned = [leaving.fact(ids[one.key], one, asked) for one in changes if "leaves_on" in one.differs]
    events.record_many(session, [*facts, *planned])


def _values(change: Change, asked: Asked) -> dict[str, Any]:
    """What the account itself holds of a line."""
    found: dict[str, Any] = {
        name: change.after[name] for name in ("name", "kana", "extension", "locale") if name in change.after
    }
    if "role" in change.after:
        found["role"] = Role(change.after["role"])
    if "employment" in change.after and change.before is None:
        found["employment"] = Employment(change.after["employment"])
    if "leaves_on" in change.differs:  # or the hour of a day that is planned already would be lost
        found["leaves_at"] = leaving.leaves_at(change, asked)
    return found


def _fact(user_id: int, change: Change, asked: Asked, fell_away: Sequence[Stay | Term]) -> dict[str, Any]:
    # Which columns, and of what somebody may do and how they are employed from what to what; the account itself holds
    # the rest.
    told_whole = {"role", "sections", "employment"}
    changed = {name: list(pair) for name, pair in change.differs.items() if name in told_whole}
    since: dict[str, Any] = {column: on.isoformat() for column, on in _since(change, asked).items()}
    if fell_away:
        since["fell_away"] = [told(one) for one in fell_away]
    return {
        "at": asked.now,
        "kind": "user.added" if change.before is None else "user.changed",
        "subject": f"user:{user_id}",
        "actor_id": asked.actor_id,
        "data": {"columns": sorted(change.differs), "changes": changed, **since},
    }


def _from_on(change: Change, asked: Asked, column: str = "from_on") -> date:
    said = change.after.get(column)
    return date.fromisoformat(said) if said else asked.on


def _since(change: Change, asked: Asked) -> dict[str, date]:
    """From when on what a line changes holds, by the column that says so; a new account is employed so all along."""
    found = {"from_on": _from_on(change, asked)} if "sections" in change.differs else {}
    if "employment" in change.differs and change.before is not None:
        found["employment_from"] = _from_on(change, asked, "employment_from")
    return found


def _sections(stays: Iterable[Stay], code_of: Mapping[int, str], on: date) -> str:
    """The sections of a day as a cell."""
    return "|".join(sorted({code_of[stay.section_id] for stay in stays if stay.holds(on)}))


def _codes(session: Session) -> dict[int, str]:
    return {row.id: row.code for row in session.execute(select(Section.id, Section.code))}


def take_turns(session: Session, _said: Sequence[Said]) -> None:
    """Wait for whoever closes a month: they lock no account before that either."""
    hold_closings(session)


def trace(session: Session, asked: Asked, count: int) -> None:
    """Somebody took everybody as a file."""
    if asked.actor_id is not None:
        lookup.note_list(session, count, actor_id=asked.actor_id, now=asked.now, file=True)


PEOPLE = Sheet(
    "people",
    COLUMNS,
    ("email",),
    entities,
    stored,
    check,
    store,
    before=before,
    doubts=doubts,
    rows_of={"person": User.email},
    take_turns=take_turns,
    trace=trace,
)
