"""The stream: what happens to a reading, to the passing of time, to a day. Calls in order, no conditions.

Each step takes the value that the step before returned. Read this file first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from app.bookings import closing, leaving, presence, release, reserve, untold, warning
from app.bookings.models import Booking
from app.bookings.moving import layout as relayout
from app.bookings.moving import service as moving
from app.bookings.moving.service import Move
from app.bookings.now import service as now_service
from app.bookings.now.service import Ask, Taken
from app.bookings.series import service as series
from app.bookings.series import unused
from app.bookings.series.rules import Scope
from app.bookings.service import AS_IT_WAS, Words
from app.lots import drawing
from app.lots import service as lots
from app.lots.models import LotDraw
from app.notifications import webhooks
from app.occupancy import letters as dead_letters
from app.occupancy import service as occupancy
from app.occupancy import troubles
from app.occupancy.readings import Reading
from app.occupancy.service import Observed
from app.people import service as people
from app.people import staffing
from app.people.models import Role
from app.people.service import Person
from app.rotation import days_off, publishing, swapping, terminals
from app.rotation.models import Rotation
from app.rotation.publishing import OnBreach, Withdrawn
from app.rotation.seats import Published
from app.rotation.swapping import Answered
from app.settings import OfficeClock
from app.spaces import barriers, fixed_seats, layout, rebinding
from app.spaces.barriers import Closing, Outage
from app.spaces.models import Closure, FixedSeat, Space, Zone
from app.spaces.service import get_place, policies
from app.telework import absent, freeing
from app.telework import service as telework
from app.telework.guards import require_open
from app.telework.models import HalfDay
from app.telework.service import Office
from app.timespan import TimeSpan
from app.usage import service as usage
from app.waitlist import in_line, offers
from app.waitlist import service as waitlist
from app.waitlist.models import Entry
from app.working_days import WorkingDays

__all__ = ["Closing", "Outage", "require_open"]  # what is asked of the stream, in the words of its feature


def process_readings(session: Session, readings: Sequence[Reading], now: datetime) -> Observed:
    """Sensors spoke: sensors → where they are to be, readings → confirmed changes → check-ins → sessions. Only here."""
    rebinding.carry_out(session, now)
    observed = occupancy.observe(session, readings, policies(session))
    presence.note_presence(session, observed.seen, now)
    usage.note_change(session, observed.changes)
    return observed


# Messages that nobody could read are kept with their reason, so that they are seen.
keep_dead_letters, kept_dead_letters = dead_letters.keep_dead_letters, dead_letters.kept_dead_letters


def note_sensor_troubles(session: Session, now: datetime) -> int:
    """What is newly wrong with gateways and sensors is told to the facility staff; returns how much."""
    keepers = people.ids_with_role(session, Role.FACILITY)
    return troubles.note_all(session, keepers, untold=untold.find_untold(session, now), now=now)


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep did."""

    observed: Observed
    checked_in: list[Booking]
    released: list[Booking]
    left_early: list[Booking]
    completed: list[Booking]
    freed: list[Booking]
    offered: list[Entry]


def sweep(session: Session, now: datetime, office: Office) -> Swept:
    """Time passed: sensors → where they are to be, silence → vacant or offline, leavers → gone, no-shows → released,
    ended → completed, what that frees → offered to the first in line, idle sessions → closed.

    Only what sensors saw waits for the turn of a booking; so it comes before the rows of any are locked.
    """
    rebinding.carry_out(session, now)
    observed = occupancy.settle(session, now, policies(session))
    checked_in = presence.note_presence(session, observed.seen, now)
    usage.note_change(session, observed.changes)
    for user in staffing.due_to_leave(session, now):
        staffing.leave(session, user, actor=None, now=now)
        fixed_seats.free_all_of(session, user.id, now=now)
    gone = leaving.free_of_the_gone(session, now)
    nearly = warning.due_for_warning(session, now)
    warning.warn(session, nearly, telework.planned_arrivals(session, nearly.people, office), now)
    due = release.due_for_release(session, now)
    expected = telework.planned_arrivals(session, due.people, office)
    released = release.release_no_shows(session, due, expected, now)
    unused.ask_about_unused(session, released, now)
    left_early = release.end_early_leaves(session, now)
    completed = release.complete(session, now)
    let_go = offers.settle(session, now)
    unconfirmed = unused.end_unconfirmed(session, now)
    freed = space_ids([*released, *left_early, *completed, *unconfirmed, *let_go, *gone])
    offered = offers.offer(session, now, freed=freed, office=office)
    usage.close_idle(session, now)
    return Swept(observed, checked_in, released, left_early, completed, gone, offered)


def space_ids(bookings: Iterable[Booking]) -> set[int]:
    """The spaces of bookings that ended: free, as far as they held them."""
    return {booking.space_id for booking in bookings}


def next_due(session: Session) -> datetime | None:
    """When `sweep` next has something to do that time alone brings; None: not before somebody does something."""
    waits = (
        occupancy.next_due(session),
        rebinding.next_due(session),
        warning.next_due(session),
        release.next_due(session),
        unused.next_due(session),
        staffing.next_due(session),
        offers.next_due(session),
        usage.next_due(session),
    )
    return min((at for at in waits if at is not None), default=None)


def due_draws(session: Session, now: datetime) -> list[int]:
    """The draws by lot whose hour has come."""
    return drawing.due(session, now)


def draw_lots(session: Session, draw_id: int, now: datetime, office: Office) -> LotDraw | None:
    """The hour of a zone's draw: plans → who is away, wishes → seats → bookings, a record that anybody can check."""
    on, user_ids = drawing.wishing(session, draw_id)
    away = freeing.away_all_day(session, user_ids, on, office)
    return drawing.draw_zone(session, draw_id, now=now, hours=office.hours, away=away)


def close_day(
    session: Session, on: date, now: datetime, office: Office, calendar: WorkingDays
) -> list[HalfDay]:
    """A day is over, or later facts came of it: plans + presence + who never works then → each person's half-days."""
    return telework.close_day(session, on, now, office, calendar, off_on=off_on)


def claim(
    session: Session, *, actor: Person, space_id: int, now: datetime, until: datetime | None = None
) -> Booking:
    """A person sat down: another's claim that the sensor saw empty is ended first, then the space is theirs."""
    release.end_empty_claim(session, space_id, claimer=actor, now=now)
    return reserve.claim(session, actor=actor, space_id=space_id, now=now, until=until)


def change_seat(
    session: Session,
    *,
    actor: Person,
    space_id: int,
    now: datetime,
    office: OfficeClock,
    until: datetime | None = None,
) -> Booking:
    """A person sat down elsewhere: what they hold of the lane now ends, then as `claim`."""
    left = release.give_back_clashing(
        session, actor=actor, lane=get_place(session, space_id).space.lane, besides=space_id, now=now
    )
    claimed = claim(session, actor=actor, space_id=space_id, now=now, until=until)
    offers.offer(session, now, freed=space_ids([left] if left else []), only_freed=True, office=office)
    return claimed


def give_back(
    session: Session, booking: Booking, *, actor: Person, now: datetime, office: OfficeClock, why: str = ""
) -> Booking:
    """A person leaves: the booking ends, and the first in line is offered the space."""
    release.give_back(session, booking, actor=actor, now=now, why=why)
    offers.offer(session, now, freed=space_ids([booking]), only_freed=True, office=office)
    return booking


def cancel(
    session: Session,
    booking: Booking,
    *,
    actor: Person,
    now: datetime,
    office: OfficeClock,
    scope: Scope = Scope.ONE,
    why: str = "",
) -> Booking:
    """A person cancels a booking, or of a series more of them; whoever waits is offered what is free."""
    cancelled = series.cancel(session, booking, scope, actor=actor, now=now, why=why)
    offers.offer(session, now, freed=space_ids(cancelled), only_freed=True, office=office)
    return booking


# Who asks for telework, and who approves it: a terminal of one's own need not be lent, as rotations know.
own_terminals = terminals.own_terminals
# Who closes a day or a month: in which halves of a day people never work, rotations know too.
off_on = days_off.off_on
offer_of = waitlist.offer_of  # the place in line for which a booking is held

# Somebody is absent: what they booked is cancelled and offered to whoever waits, and they wait for nothing themselves.
needless_within, cancel_within = absent.needless_within, absent.cancel_within
is_awaiting = absent.is_awaiting


def move(
    session: Session,
    booking: Booking,
    *,
    actor: Person,
    now: datetime,
    office: OfficeClock,
    space_id: int | None = None,
    span: TimeSpan | None = None,
    words: Words = AS_IT_WAS,
) -> Booking:
    """A person changes a booking: what it leaves is offered to whoever waits."""
    before = booking.space_id
    reserve.move(session, booking, actor=actor, now=now, space_id=space_id, span=span, words=words)
    offers.offer(session, now, freed={before}, only_freed=True, office=office)
    return booking


def book_now(session: Session, ask: Ask, *, actor: Person, now: datetime, office: OfficeClock) -> Taken:
    """The best space of this moment is booked; what of one's own ended for it is offered to whoever waits."""
    taken = now_service.book(session, ask, actor=actor, now=now)
    offers.offer(session, now, freed=space_ids(taken.ended), only_freed=True, office=office)
    return taken


# Somebody stands in line or draws a number, takes what is offered, refuses it, waits no longer.
wait, draw_number, stop_waiting = in_line.wait, in_line.draw_number, in_line.stop_waiting
accept_offer, decline_offer = in_line.accept_offer, in_line.decline_offer


def publish_rotation(
    session: Session,
    rotation: Rotation,
    *,
    actor: Person,
    office: Office,
    now: datetime,
    on_breach: OnBreach = OnBreach.REFUSE,
) -> Published:
    """A section's rotation becomes plans and seats; what an earlier one held needlessly is offered to whoever waits."""
    done = publishing.publish(session, rotation, actor=actor, office=office, now=now, on_breach=on_breach)
    offers.offer(session, now, freed=space_ids(done.freed), only_freed=True, office=office)
    return done


def withdraw_rotation(
    session: Session, rotation: Rotation, *, actor: Person, office: Office, now: datetime
) -> Withdrawn:
    """A published rotation is taken back; its seats are offered to whoever waits."""
    done = publishing.withdraw(session, rotation, actor=actor, office=office, now=now)
    offers.offer(session, now, freed=space_ids(done.bookings), only_freed=True, office=office)
    return done


def answer_swap(
    session: Session, swap_id: int, *, accepts: bool, actor: Person, office: Office, now: datetime
) -> Answered:
    """Whoever is asked to come in for somebody says yes or no; a seat that this frees is offered to whoever waits."""
    done = swapping.answer(session, swap_id, accepts=accepts, actor=actor, office=office, now=now)
    offers.offer(session, now, freed=space_ids(done.freed), only_freed=True, office=office)
    return done


def bookings_to_end(session: Session, wanted: Closing) -> list[Booking]:
    """What closing would end: the preview of `close_office`. Raises NotFound `site.unknown` or `zone.unknown`."""
    barriers.check_place(session, wanted.site_id, wanted.zone_id)
    return closing.within(
        session, barriers.closed_space_ids(session, wanted.site_id, wanted.zone_id), wanted.span
    )


def close_office(
    session: Session, wanted: Closing, *, actor: Person, now: datetime
) -> tuple[Closure, list[Booking]]:
    """A typhoon: nothing can be booked there any more, and what is booked ends, in one step."""
    made = barriers.close(
        session,
        wanted.site_id,
        wanted.span,
        zone_id=wanted.zone_id,
        reason=wanted.reason,
        actor_id=actor.id,
        now=now,
    )
    space_ids = barriers.closed_space_ids(session, wanted.site_id, wanted.zone_id)
    ended = closing.end_within(session, space_ids, wanted.span, actor=actor, now=now, notice=wanted.reason)
    return made, ended


def moves_of(session: Session, outage: Outage, *, now: datetime) -> list[Move]:
    """Where everybody would go: the preview of `take_out_of_order`."""
    return moving.plan(session, outage.space_id, outage.start, outage.end, now=now)


def take_out_of_order(session: Session, outage: Outage, *, actor: Person, now: datetime) -> list[Move]:
    """A space breaks: nobody can book it, and who has is moved to the best other space, or told; in one step."""
    barriers.add_outage(
        session,
        outage.space_id,
        start=outage.start,
        end=outage.end,
        reason=outage.reason,
        actor_id=actor.id,
        now=now,
    )
    return moving.move_away(
        session, outage.space_id, outage.start, outage.end, actor=actor, now=now, notice=outage.reason
    )


def keep_seat(
    session: Session, wanted: fixed_seats.NewFixedSeat, *, actor: Person, now: datetime
) -> tuple[FixedSeat, list[Move]]:
    """A space is kept for somebody, and what others have booked there is moved or told; in one step. Rehearsed, it is
    its own preview."""
    moving.take_turn(session, wanted.space_id)
    kept = fixed_seats.keep_for(
        session,
        wanted.space_id,
        wanted.user_id,
        first=wanted.first,
        last=wanted.last,
        actor_id=actor.id,
        now=now,
    )
    start, end = fixed_seats.kept_span(wanted, get_place(session, wanted.space_id).timezone, now)
    moves = moving.move_away(
        session, wanted.space_id, start, end, actor=actor, now=now, besides=wanted.user_id
    )
    return kept, moves


# The layout changes, and whoever may no longer have what they booked is moved or told; in one step. A zone that goes,
# or becomes free seating, is drawn no more; who waits for what is in another building now waits there.
remove_zone = lots.remove_zone


def change_zone(
    session: Session, zone_id: int, values: layout.Values, *, actor: Person, now: datetime
) -> tuple[Zone, list[Move]]:
    """As it stands above."""
    changed = lots.change_zone(session, zone_id, values, actor=actor, now=now)
    in_line.follow(session)
    return changed


def change_space(
    session: Session, space_id: int, values: layout.Values, *, actor: Person, now: datetime
) -> tuple[Space, list[Move]]:
    """As it stands above."""
    changed = relayout.change_space(session, space_id, values, actor=actor, now=now)
    in_line.follow(session)
    return changed


def remove_space(session: Session, space_id: int, *, actor: Person, now: datetime) -> list[Move]:
    """A space leaves the layout for good, and its people are moved or told; in one step."""
    moves = take_out_of_order(session, Outage(space_id, now, None, ""), actor=actor, now=now)
    layout.hide_space(session, space_id, actor_id=actor.id, now=now)
    return moves


def leave(session: Session, user_id: int, *, actor: Person | None, now: datetime) -> list[Booking]:
    """Somebody leaves the office: what they hold and what is kept for them is freed, their tokens, browser sessions
    and card die; in one step. Rehearsed, it is its own preview. `actor` None: whoever runs the machine."""
    # The account first, as whoever compares its version has it already: two who let one person leave cannot deadlock.
    user = staffing.get_account(session, user_id, to_change=True)
    freed = leaving.free_all(session, user_id, actor_id=actor.id if actor else None, now=now)
    staffing.leave(session, user, actor=actor, now=now)
    fixed_seats.free_all_of(session, user_id, now=now)
    return freed


# Somebody who has not left by an instant; and what is told nothing more once they have.
find_person, webhook_hosts = people.find_person, webhooks.hosts_of
