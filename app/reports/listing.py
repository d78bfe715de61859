"""The reports by name, each as a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy.orm import Session

from app.errors import NotFound
from app.people.belonging import section_of
from app.people.rules import Stay
from app.people.service import staff_ids
from app.reports.rules import Sum, monthly, with_below
from app.reports.rules.caps import Cap, Standing, standings
from app.reports.rules.fairness import Fairness, fairness
from app.reports.rules.table import Kind, Table, Value, columns
from app.reports.service import (
    Ask,
    Names,
    Ruled,
    Scope,
    belonging,
    calendar_of,
    could_be_at_home,
    half_days,
    kept,
    names_of,
)
from app.telework.caps.rules import Measure
from app.telework.caps.service import around, eligibility
from app.telework.closing.minutes import minutes_between
from app.telework.daylog.rules import Form
from app.telework.figures.rules import SheetLine, share, yearly
from app.telework.figures.service import kept_sheet, sums_until
from app.telework.figures.taken import taken
from app.telework.rules import DayClass
from app.timespan import day_span

Row = Mapping[str, Value]


def telework_monthly(session: Session, ask: Ask, _caps: Sequence[Cap]) -> Table:
    """Telework by section and person, with what of the half-days is not known; ten queries. A section with others
    below it has a sum with them, and one of its own. Of days whose people are forgotten the sums stand."""
    stays = belonging(session, ask, ask.first, ask.last)
    names = names_of(session)
    found = monthly(
        half_days(session, ask, stays),
        minutes_between(session, ask.first, ask.last, ask.office),
        eligibility(session, stays),
        kept(session, ask),
    )
    rows: list[Row] = []
    if ask.scope.shows_office:
        rows.append(_sum("office", "", "", found.total))
    below = with_below(found.sections, names.above)
    for section_id in sorted(found.sections.keys() | below.keys(), key=names.place):
        section = names.section(section_id)
        if ask.scope.shows_section(section_id):
            both = {"with_below": below.get(section_id or 0), "section": found.sections.get(section_id)}
            rows += [_sum(of, section, "", one) for of, one in both.items() if one is not None]
        of_section = [user_id for at, user_id in found.people if at == section_id]
        rows += [
            _sum("person", section, names.person(user_id), found.people[section_id, user_id])
            for user_id in sorted(of_section, key=lambda one: names.order.get(one, 0))
        ]
    return Table(
        columns(
            of=Kind.WORD,
            section=Kind.TEXT,
            name=Kind.TEXT,
            person_days=Kind.NUMBER,
            half_days=Kind.NUMBER,
            hours=Kind.NUMBER,
            working_half_days=Kind.NUMBER,
            share=Kind.SHARE,
            eligible_half_days=Kind.NUMBER,
            share_of_eligible=Kind.SHARE,
            home_days=Kind.NUMBER,
            satellite_days=Kind.NUMBER,
            office_days=Kind.NUMBER,
            trip_days=Kind.NUMBER,
            leave_days=Kind.NUMBER,
            unknown_half_days=Kind.NUMBER,
        ),
        rows,
    )


def _sum(of: str, section: str, name: str, found: Sum) -> Row:
    return {
        "of": of,
        "section": section,
        "name": name,
        "person_days": found.telework / 2,
        "half_days": found.telework,
        "hours": round(found.telework_minutes / 60, 2),
        "working_half_days": found.working,
        "share": share(found.telework, found.working),
        "eligible_half_days": found.eligible,
        "share_of_eligible": share(found.eligible_telework, found.eligible),
        "home_days": found.by_form.get(Form.HOME, 0) / 2,
        "satellite_days": found.by_form.get(Form.SATELLITE, 0) / 2,
        "office_days": found.office / 2,
        "trip_days": found.of(DayClass.TRIP) / 2,
        "leave_days": found.of(DayClass.LEAVE) / 2,
        "unknown_half_days": found.of(DayClass.UNKNOWN),
    }


def telework_yearly(session: Session, ask: Ask, _caps: Sequence[Cap]) -> Table:
    """The ministry's sheet as of the last day asked for, of the office and by section, also with those below it; eleven
    queries.

    Of a fiscal year whose people are forgotten it is told as it was kept; of other days that reach so far back only who
    belonged to the office then.
    """
    lines, is_whole = kept_sheet(session, ask.first, ask.last), True
    if lines is None:
        lines = _sheet(session, ask)
        is_whole = sums_until(session, ask.first, ask.last) is None
    names = names_of(session)
    own = {line.section_id: line for line in lines}
    listed = [
        *(("with_below", one, line) for one, line in with_below(own, names.above).items()),
        *(("office" if one is None else "section", one, line) for one, line in own.items()),
    ]
    rows = [
        _line(of, names.section(section_id), line, is_whole=is_whole)
        for of, section_id, line in sorted(listed, key=lambda row: names.place(row[1]))
        if (ask.scope.shows_office if section_id is None else ask.scope.shows_section(section_id))
    ]
    return Table(
        columns(
            of=Kind.WORD,
            section=Kind.TEXT,
            staff=Kind.NUMBER,
            eligible=Kind.NUMBER,
            users=Kind.NUMBER,
            rate=Kind.SHARE,
            band=Kind.WORD,
            home_users=Kind.NUMBER,
            satellite_users=Kind.NUMBER,
            mobile_users=Kind.NUMBER,
            home_days=Kind.NUMBER,
            satellite_days=Kind.NUMBER,
            mobile_days=Kind.NUMBER,
        ),
        rows,
        {"as_of": ask.last},
    )


def _sheet(session: Session, ask: Ask) -> Sequence[SheetLine]:
    """The sheet as the log has it; of a chief's sections where a chief asks. What their people did elsewhere before
    they came counts for whoever asks."""
    stays = belonging(session, ask, ask.first, ask.last)
    day = day_span(ask.last, ask.office.timezone)
    staff = {
        user_id: section
        for user_id in staff_ids(session, on=ask.last, day_began_at=day.start)
        if ask.scope.shows(user_id, section := section_of(stays.get(user_id, ()), ask.last))
    }
    halves = half_days(
        session, replace(ask, scope=Scope()), stays, classes=(DayClass.TELEWORK, DayClass.TRIP)
    )
    return yearly(staff, halves, eligibility(session, staff), ask.last)


def _line(of: str, section: str, line: SheetLine, *, is_whole: bool) -> Row:
    """A line of the sheet. Not `is_whole`: what people did in these days is not known any more."""
    row: dict[str, Value] = {
        "of": of,
        "section": section,
        "staff": line.staff,
        "eligible": line.eligible,
    }
    counted: dict[str, Value] = {
        "users": line.users,
        "rate": line.rate,
        "band": line.band.value,
        **{f"{form.value}_users": line.by_form[form] for form in Form},
        **{f"{form.value}_days": line.half_days[form] / 2 for form in Form},
    }
    return row | (counted if is_whole else dict.fromkeys(counted))


def fair_days(session: Session, ask: Ask, _caps: Sequence[Cap]) -> Table:
    """Mondays and Fridays granted ÷ available, by person; as many queries as the period has years, and thirteen."""
    names = names_of(session)
    stays = belonging(session, ask, ask.first, ask.last)
    sections = {user_id: section_of(stays[user_id], _last_day(stays[user_id], ask)) for user_id in stays}
    calendar = calendar_of(session, ask.first, ask.last)
    all_of_them = fairness(
        stays,
        taken(session, ask.first, ask.last, ask.office),
        list(calendar.between(ask.first, ask.last)),
        sections,
        could_be_at_home(session, sections),
    )
    found = [
        one
        for one in sorted(all_of_them, key=lambda one: names.place(one.section_id))
        if ask.scope.shows(one.user_id, one.section_id)
    ]
    return Table(
        columns(
            section=Kind.TEXT,
            name=Kind.TEXT,
            monday_granted=Kind.NUMBER,
            monday_available=Kind.NUMBER,
            monday_share=Kind.SHARE,
            friday_granted=Kind.NUMBER,
            friday_available=Kind.NUMBER,
            friday_share=Kind.SHARE,
            both_share=Kind.SHARE,
            off=Kind.POINTS,
        ),
        [_fair(one, names) for one in found],
    )


def _last_day(stays: Sequence[Stay], ask: Ask) -> date:
    return min(ask.last, max(stay.until_on or ask.last for stay in stays))


def _fair(one: Fairness, names: Names) -> Row:
    row: dict[str, Value] = {"section": names.section(one.section_id), "name": names.person(one.user_id)}
    for name, day in (("monday", one.monday), ("friday", one.friday)):
        row |= {
            f"{name}_granted": day.granted / 2,
            f"{name}_available": day.available / 2,
            f"{name}_share": day.share,
        }
    return row | {"both_share": one.both.share, "off": one.off}


def near_caps(session: Session, ask: Ask, caps: Sequence[Cap]) -> Table:
    """Who has broken a cap, reached it, or used four fifths of it, the worst first: the caps asked for, else those of
    the rule that holds for the person on the last day; two queries fewer than `fair_days`."""
    names = names_of(session)
    first, last = around([ask.first, ask.last])
    stays = belonging(session, ask, ask.first, ask.last)
    calendar = calendar_of(session, first, last)
    cells = taken(session, first, last, ask.office)
    ruled = Ruled(session, cells)
    rows: list[tuple[Standing, int, int | None]] = []
    for user_id, theirs in cells.items():
        section = section_of(stays[user_id], _last_day(stays[user_id], ask)) if user_id in stays else None
        if ask.scope.shows(user_id, section):
            rows += [
                (one, user_id, section)
                for one in standings(
                    theirs, caps or ruled.caps(user_id, ask.last), calendar, ask.first, ask.last
                )
                if one.state is not None
            ]
    worst = {"broken": 0, "reached": 1, "near": 2}
    rows.sort(key=lambda row: (worst[row[0].state or ""], names.order.get(row[1], 0), row[0].first))
    return Table(
        columns(
            state=Kind.WORD,
            section=Kind.TEXT,
            name=Kind.TEXT,
            period=Kind.WORD,
            first=Kind.DAY,
            last=Kind.DAY,
            used=Kind.NUMBER,
            at_most=Kind.NUMBER,
            unit=Kind.WORD,
        ),
        [
            {
                "state": str(one.state),
                "section": names.section(section),
                "name": names.person(user_id),
                "period": one.cap.limit.value,
                "first": one.first,
                "last": one.last,
                "used": one.cap.shown(one.used),
                "at_most": one.cap.shown(one.cap.at_most),
                "unit": "minutes" if one.cap.measure is Measure.MINUTES else "days",
            }
            for one, user_id, section in rows
        ],
    )


@dataclass(frozen=True, slots=True)
class Report:
    """`make`: the table, of what is asked for; `of_people`: it tells of single persons, so that one may see the own."""

    name: str
    make: Callable[[Session, Ask, Sequence[Cap]], Table]
    of_people: bool = True


REPORTS: Mapping[str, Report] = {
    one.name: one
    for one in (
        Report("telework_monthly", telework_monthly),
        Report("telework_yearly", telework_yearly, of_people=False),
        Report("fairness", fair_days),
        Report("caps", near_caps),
    )
}


def made(session: Session, report: Report, ask: Ask, caps: Sequence[Cap]) -> Table:
    """A report, with the last of its days whose people are forgotten; one query more."""
    table = report.make(session, ask, caps)
    return replace(table, facts={**table.facts, "sums_until": sums_until(session, ask.first, ask.last)})


def get_report(name: str) -> Report:
    """A report by its name; raises NotFound `reports.unknown`."""
    if name not in REPORTS:
        raise NotFound("reports.unknown", name=name)
    return REPORTS[name]
