"""What people and the clock do in the plain office; each verb is a sentence or two of RULES.md."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from tests.app.bookings.model.office import CHECK_IN_OPENS, Closed, PlainOffice, Refused, Row, Where, Who
from tests.house import TOKYO


def reserve(office: PlainOffice, actor: Who, where: Where, start: datetime, end: datetime, who: Who) -> Row:
    row = Row(where, who, office.from_now(start, end), end, office.now)
    own = [
        one
        for one in office.rows
        if one.is_claim and one.status == "checked_in" and one.who == who and one.where.lane == where.lane
    ]
    today = start.astimezone(TOKYO).date() == office.now.astimezone(TOKYO).date()
    for one in own:
        if today and office.now < row.start and one.start < row.start < one.end:
            one.end = row.start  # who sits without a booking sits until the next one
    if grounds := office.grounds(row, actor):
        raise Refused(*grounds)
    office.rows.append(row)
    return row


def move(office: PlainOffice, actor: Who, row: Row, where: Where, start: datetime, end: datetime) -> None:
    """Shortening is always allowed; what has begun keeps its start, elsewhere it begins now; who has checked in stays;
    else as a new booking."""
    office.may_change(actor, row)
    now, elsewhere, begun = office.now, where != row.where, row.start <= office.now
    if row.status not in {"booked", "checked_in"} or now >= row.end:
        raise Refused("booking.state")
    if begun and not elsewhere and start != row.start:
        raise Refused("begun")
    if row.status == "checked_in" and (elsewhere or start != row.start):
        raise Refused("booking.state")
    if begun and elsewhere and start <= now < end:
        start = now
    elif start != row.start:
        start = office.from_now(start, end)
    wanted = replace(row, where=where, start=start, end=end)
    if elsewhere or not (row.start <= start and now < end <= row.end):
        stays = begun and not elsewhere and now < end
        grounds = office.grounds(wanted, actor, begun=stays, besides=row)
        if not elsewhere:
            # Who has the space may keep it: entry was asked when it was booked.
            grounds -= {"booking.not_allowed", "zone.free_seating"}
        if grounds:
            raise Refused(*grounds)
    row.where, row.start, row.end = where, start, end


def give_back(office: PlainOffice, actor: Who, row: Row) -> None:
    office.may_change(actor, row)
    if not row.is_live or office.now >= row.end:
        raise Refused("booking.state")
    row.gave_back = row.status == "held"
    if row.start < office.now and not row.gave_back:
        row.over("ended_early", office.now)
    else:
        row.over("cancelled", None)


def cancel(office: PlainOffice, actor: Who, row: Row) -> None:
    office.may_change(actor, row)
    if row.status != "booked":
        give_back(office, actor, row)
        return
    if office.now >= row.end:
        raise Refused("booking.state")
    row.over("cancelled", office.now if row.start < office.now else None)


def check_in(office: PlainOffice, actor: Who, row: Row) -> None:
    """One's own word stands above what the sensor saw, and that above somebody else's (RULES 6)."""
    office.may_change(actor, row)
    by = "hand" if actor == row.who else "other"
    if row.status == "checked_in" and (by == "other" or row.checked_in_by == "hand"):
        return
    if row.status not in {"booked", "checked_in"} or office.now >= row.end:
        raise Refused("booking.state")
    if office.now < row.start - CHECK_IN_OPENS:
        raise Refused("check_in_opens")
    row.status, row.checked_in_at, row.checked_in_by = "checked_in", office.now, by


def reclaim(office: PlainOffice, actor: Who, row: Row) -> None:
    """While nobody else holds it, the office is open, and no quota is used up (RULES 10)."""
    office.may_change(actor, row)
    if row.status != "released" or office.now >= row.end:
        raise Refused("booking.state")
    left = replace(row, start=max(office.now, row.start))
    grounds = office.overlaps(row, row) | office.against_barriers(row.where, left.start, row.end)
    grounds |= office.against_counts(left, row)
    if row.where.free:
        grounds.add("zone.free_seating")
    same = [one for one in office.rows if one.status == "held" and one.where == row.where]
    if any(one.start < row.end and one.end > row.start for one in same):
        grounds.add("booking.held")
    if grounds:
        raise Refused(*grounds)
    row.status, row.reclaimed, row.ended_at = "booked", True, None


def claim(office: PlainOffice, actor: Who, where: Where) -> Row:
    """Until the day's end, the next booking, or the next barrier; an empty claim gives way (RULES 12). On what is one's
    own by now it is a check-in."""
    now = office.now
    empty = [
        (one, left)
        for one in office.rows
        if one.where == where
        and one.is_claim
        and one.status == "checked_in"
        and one.start <= now < one.end
        and (left := office.deserted_at(one))
    ]
    for one, left in empty:
        one.over("ended_early", left)
    for one in office.rows:
        is_theirs = one.who == actor and one.is_live and one.status != "held"
        if is_theirs and one.where == where and one.start <= now < one.end:
            check_in(office, actor, one)
            return one
    midnight = (now.astimezone(TOKYO) + timedelta(days=1)).replace(hour=0, minute=0)
    ends = [midnight, now + where.longest]
    ends += [
        one.start
        for one in office.rows
        if one.is_live
        and one.start > now
        and (
            one.where == where or (one.who == actor and one.where.lane == where.lane and one.status != "held")
        )
    ]
    ends += [one.start for one in office.barriers if one.start > now and one.where in {None, where}]
    row = Row(where, actor, now, min(ends), now, "checked_in", True, now, "hand")
    grounds = office.grounds(row, actor) - {"concurrent_quota", "weekly_quota", "buffer"}
    if grounds:
        raise Refused(*grounds)
    office.rows.append(row)
    return row


def change_seat(office: PlainOffice, actor: Who, where: Where) -> set[Where]:
    """Returns where they left."""
    left = set()
    for one in office.rows:
        holds = one.is_live and one.status != "held" and one.who == actor and one.where.lane == where.lane
        if holds and one.where != where and one.start <= office.now < one.end:
            give_back(office, actor, one)
            left.add(one.where)
    claim(office, actor, where)
    return left


def sweep(office: PlainOffice) -> set[Where]:
    """Evidence first, then no-shows, early leaves, what ran out; returns what that frees."""
    before = [one for one in office.rows if one.is_live]
    office.note_evidence({code: sensor.passes(office.now) for code, sensor in office.sensors.items()})
    for row in [one for one in office.rows if office.is_no_show(one)]:
        row.over("released", office.now)
    for row in office.rows:
        left, wait = office.left_at(row), row.where.early_leave
        is_here = row.status == "checked_in" and row.end > office.now
        if is_here and left and wait and left + wait <= office.now:
            row.over("ended_early", left)
    for row in office.rows:
        if row.is_live and row.status != "held" and row.end <= office.now:
            row.over("completed", row.end)
    return {row.where for row in before if not row.is_live}


def close_office(office: PlainOffice, start: datetime, end: datetime) -> None:
    """What is on ends now, what reaches into it ends where it begins, the rest is cancelled."""
    office.barriers.append(Closed(start, end))
    for row in office.rows:
        if not (row.is_live and row.start < end and row.end > start):
            continue
        if row.start >= max(start, office.now) or row.status == "held":
            row.over("cancelled", None)
        elif start <= office.now:
            row.over("ended_early", office.now)
        else:
            row.end = start
