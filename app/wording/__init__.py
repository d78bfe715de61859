"""Every code that a person may meet, in words: what happened and what to do. Screen, log and report say the same.

Texts are English here and Japanese in `translations/ja`, which every page and API answer shows first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext
from flask_babel.speaklater import LazyString

from app.wording import bookings as of_bookings
from app.wording import daylog as of_days
from app.wording import people as of_people
from app.wording import reports as of_reports
from app.wording import rotation as of_rotation
from app.wording import telework as of_telework
from app.wording import webhooks as of_webhooks
from app.wording.files import FILES
from app.wording.letters import LETTERS
from app.wording.messages import MESSAGES, OF_SERIES
from app.wording.tables import DAY_CLASSES, DAY_REASONS, LEFT_OUT, POLICIES, WEEKDAYS, of_policy

__all__ = [
    "DAY_CLASSES",
    "DAY_REASONS",
    "EMPLOYMENTS",
    "HAPPENINGS",
    "KINDS",
    "LEFT_OUT",
    "LETTERS",
    "LOOKS",
    "MESSAGES",
    "OCCUPANCY",
    "OF_SERIES",
    "POLICIES",
    "REASONS",
    "REFUSALS",
    "ROLES",
    "STATUSES",
    "TOPICS",
    "TROUBLES",
    "UNAVAILABLE",
    "WEEKDAYS",
    "explain",
    "of_days",
    "of_reports",
    "of_rotation",
    "of_telework",
]

ROLES, EMPLOYMENTS = of_people.ROLES, of_people.EMPLOYMENTS

REFUSALS: Mapping[str, LazyString] = {
    **FILES,
    **of_people.OF_PEOPLE,
    **of_telework.OF_TELEWORK,
    **of_days.REFUSALS,
    **of_reports.REFUSALS,
    **of_rotation.OF_ROTATION,
    **of_webhooks.REFUSALS,
    "access.denied": lazy_gettext("You may not do this. Ask your facility staff if you think you should."),
    "access.unauthenticated": lazy_gettext("Sign in first, or send a valid token."),
    "booking.changed": lazy_gettext("The booking changed in the meantime. Load it again, then decide."),
    "booking.erased": lazy_gettext(
        "Its people are forgotten by now; it is a figure and cannot be corrected."
    ),
    "booking.held": lazy_gettext("The space is held for somebody in the queue until they answer."),
    "booking.not_allowed": lazy_gettext("This booking or this space is not yours to book."),
    "booking.not_allowed/on_behalf": lazy_gettext(
        "Only a chief for the own section, or the facility staff, may book for somebody else."
    ),
    "booking.not_allowed/stranger": lazy_gettext("This booking belongs to somebody else."),
    "booking.not_allowed/zone": lazy_gettext(
        "This zone belongs to another section. Choose a space of your own."
    ),
    "booking.overlap": lazy_gettext("The space is already taken for part of that time."),
    "booking.overlap/person": lazy_gettext("You already hold a space of this kind for part of that time."),
    "booking.overlap/space": lazy_gettext(
        "The space is already taken for part of that time. Choose another one."
    ),
    "booking.rule": lazy_gettext("A rule of the office does not allow this."),
    "booking.not_allowed/guest": lazy_gettext("Only a chief or the facility staff may book for a guest."),
    "booking.rule/begun": lazy_gettext(
        "It has begun, so its start stays. For another time give it back and book anew; if you come later, say that you"
        " are still coming."
    ),
    "booking.rule/buffer": lazy_gettext(
        "That is too close to the booking before or after: the space needs a pause."
    ),
    "booking.rule/capacity": lazy_gettext("That is more people than the space holds."),
    "booking.rule/check_in_opens": lazy_gettext("Check-in is not open yet."),
    "booking.rule/closed": lazy_gettext("The office is closed for part of that time."),
    "booking.rule/concurrent_quota": lazy_gettext("That is one booking more than may be held at a time."),
    "booking.rule/horizon": lazy_gettext("That is further ahead than bookings are open."),
    "booking.rule/lots": lazy_gettext(
        "The seats of this zone are drawn by lot. Wish for one under Tomorrow's seats; what is left can be booked after"
        " the draw."
    ),
    "booking.rule/max_duration": lazy_gettext("That is longer than this kind of space may be booked."),
    "booking.rule/min_duration": lazy_gettext("That is shorter than this kind of space may be booked."),
    "booking.rule/not_available": lazy_gettext("This space is not available. Choose another one."),
    "booking.rule/opening_hours": lazy_gettext("That lies outside the hours in which bookings are open."),
    "booking.rule/out_of_order": lazy_gettext("This space is out of order. Choose another one."),
    "booking.rule/overflow": lazy_gettext(
        "This zone takes you in when your own zone is full. Choose a space of your own zone."
    ),
    "booking.rule/start_in_past": lazy_gettext("That time has passed. Choose a later start."),
    "booking.rule/walk_in": lazy_gettext("This space must be booked first."),
    "booking.rule/weekly_quota": lazy_gettext("That is one booking more than a week allows."),
    "booking.said_already": lazy_gettext("You said so already. Check in when you are there."),
    "booking.state": lazy_gettext("The booking is over or not in a state that allows this."),
    "booking.too_many": lazy_gettext(
        "That is more than can be cancelled in one step. Choose a shorter time."
    ),
    "booking.unknown": lazy_gettext("There is no such booking."),
    "card.invalid": lazy_gettext("That is not the number of a card: letters and digits, 6 to 64 of them."),
    "card.taken": lazy_gettext("This card belongs to somebody else."),
    "card.unknown": lazy_gettext(
        "Nobody has registered this card. Sign in on your computer, open My bookings, then Check-in card."
    ),
    "closure.over": lazy_gettext("This closure is over already."),
    "closure.unknown": lazy_gettext("There is no such closure."),
    "outage.over": lazy_gettext("This outage is over already."),
    "outage.unknown": lazy_gettext("There is no such outage."),
    "booking.none_free": lazy_gettext("Nothing of that kind is free now."),
    "booking.own_clash": lazy_gettext("You hold a space of this kind for part of that time."),
    "database.not_ready": lazy_gettext(
        "The database is not ready. Run akiseki db check for what is missing."
    ),
    "database.unreachable": lazy_gettext("The database does not answer. Try again in a moment."),
    "desk.unknown": lazy_gettext("No desk has this code. Look at it again; it has eight letters and digits."),
    "floor.unknown": lazy_gettext("There is no such floor."),
    "kiosk.too_late": lazy_gettext("That took too long. Hold your card to the reader again."),
    "lots.closed": lazy_gettext("This draw takes no wishes any more."),
    "lots.colleague": lazy_gettext(
        "You can name up to four colleagues of the zone's section, where the zone seats groups together."
    ),
    "lots.free_seating": lazy_gettext("This zone needs no booking, so there is nothing to draw."),
    "lots.kept": lazy_gettext("A seat of this zone is kept for you: you need no lot."),
    "lots.no_wish": lazy_gettext("You have not wished for a seat in this draw."),
    "lots.not_drawn": lazy_gettext("This draw has not taken place yet: there is nothing to check."),
    "lots.not_yours": lazy_gettext("The seats of this zone are drawn for another section."),
    "lots.seat": lazy_gettext("You can prefer up to five different seats, all of this zone."),
    "lots.unknown": lazy_gettext("There is no such draw."),
    "policy.unknown": lazy_gettext("There is no such kind of space."),
    "guest.colleague": lazy_gettext(
        "Somebody who works here has this name. To book for them write their address; for a guest of that name write "
        "more, such as where they come from."
    ),
    "policy.invalid": lazy_gettext("That policy or value cannot be used."),
    "database.busy": lazy_gettext(
        "The office's database does not answer at the moment. Try again in a minute."
    ),
    "request.raced": lazy_gettext(
        "Somebody changed the same thing at this moment. Load it again and look before you send it once more."
    ),
    "request.form_expired": lazy_gettext(
        "This form was open for too long, or you signed in anew. Go back, load the page again and send it once more."
    ),
    "request.invalid": lazy_gettext(
        "Something in the request is wrong or missing. Correct it and send it again."
    ),
    "request.method": lazy_gettext("This address does not take that method."),
    "request.stale": lazy_gettext("Somebody changed it in the meantime. Load it again, then decide."),
    "request.length_required": lazy_gettext("The length of what was sent is missing (Content-Length)."),
    "request.too_large": lazy_gettext("The request is too large."),
    "request.too_many": lazy_gettext("Too many requests. Wait a minute and try again."),
    "request.unknown": lazy_gettext("There is nothing at this address."),
    "request.version_required": lazy_gettext("Send the version you changed from in If-Match."),
    "section.unknown": lazy_gettext("There is no such section."),
    "intake.profile": lazy_gettext(
        "A profile of a model of sensors has a mistake: messages are taken again once it is mended and this server "
        "restarted. Send this one again later."
    ),
    "gateway.at_work": lazy_gettext("This gateway is at work: end it first."),
    "intake.signature": lazy_gettext("The signature does not fit the message, or is missing or too old."),
    "intake.wire": lazy_gettext("Messages of this wire are not taken here."),
    "sensor.exists": lazy_gettext("There is a sensor of this name already."),
    "sensor.model_unknown": lazy_gettext(
        "No profile knows this model: it is read by the usual names of fields, and times that nobody gave are the "
        "usual ones. Check them, or write its profile."
    ),
    "sensor.move_time": lazy_gettext("Choose a time to come, within a year; or none, for at once."),
    "sensor.move_unknown": lazy_gettext("That plan is over: it came about, or somebody dropped it."),
    "sensor.name": lazy_gettext(
        "A sensor needs a model, and a name of at most 64 characters in one line, without + and #."
    ),
    "sensor.swap": lazy_gettext("Choose another sensor, one that watches nothing yet."),
    "sensor.unknown": lazy_gettext("There is no such sensor."),
    "series.empty": lazy_gettext(
        "No day is left: all of them are closed, before the first day, or too far away."
    ),
    "series.empty/closed": lazy_gettext(
        "All of these days are closed. Choose others, or book closed days too."
    ),
    "series.empty/earlier": lazy_gettext("The chosen days all come before the first day."),
    "series.empty/far": lazy_gettext("The chosen days are all a year away, or more."),
    "series.over": lazy_gettext("This series has ended already. Book a new one."),
    "series.dates": lazy_gettext("Write the chosen days like 2026-12-01, 2026-12-08."),
    "series.refused": lazy_gettext("Not every day can be had. Nothing was booked."),
    "series.until": lazy_gettext("Choose the day until which the booking repeats."),
    "series.unknown": lazy_gettext("There is no such series."),
    "server.error": lazy_gettext("Something went wrong on our side. Try again in a moment."),
    "site.unknown": lazy_gettext("There is no such site."),
    "site.hours": lazy_gettext("The closing time must be after the opening time."),
    "space.kept": lazy_gettext("This space is kept for somebody already."),
    "space.not_kept": lazy_gettext("This space is not kept for anybody."),
    "space.exists": lazy_gettext("There is a space of this code already."),
    "space.unknown": lazy_gettext("There is no such space."),
    "usage.far_off": lazy_gettext(
        "This cannot be what really happened: choose a time that is over and near the booking."
    ),
    "space.booked": lazy_gettext(
        "It is booked. A seat becomes a room, or a room a seat, when nobody has booked it."
    ),
    "user.left": lazy_gettext("This person has left and does not come back by a file."),
    "user.role_by_it": lazy_gettext("Only IT hands out roles."),
    "idempotency.invalid": lazy_gettext("The Idempotency-Key must be 1 to 255 visible ASCII characters."),
    "idempotency.mismatch": lazy_gettext(
        "This Idempotency-Key came with another body before. Take a new key for another request."
    ),
    "idempotency.unknown": lazy_gettext(
        "This was done under the same Idempotency-Key, but its answer is not known. Look before you ask again."
    ),
    "invitation.unknown": lazy_gettext("You are not invited to it, or not any more."),
    "link.invalid": lazy_gettext("This link is not good any more. Open your bookings instead."),
    "notification.quiet": lazy_gettext("Give both ends of the quiet hours, or neither."),
    "waitlist.joined": lazy_gettext("You stand in line for that time already."),
    "waitlist.met": lazy_gettext("You have booked this for all of that time already."),
    "waitlist.not_offered": lazy_gettext("The offer has ended: it was answered or its time ran out."),
    "waitlist.over": lazy_gettext("That time has passed. Choose a later end."),
    "waitlist.hopeless": lazy_gettext(
        "Nobody may book this for that time: it is too long or too far ahead, outside the hours, or not open to you."
        " Choose another time or place."
    ),
    "waitlist.unknown": lazy_gettext("There is no such place in line."),
    "zone.free_seating": lazy_gettext("This zone needs no booking: sit down and claim the seat."),
    "zone.guest_day": lazy_gettext("Name a weekday or a date for each guest day, not both."),
    "zone.overflow": lazy_gettext("A zone cannot take in its own people when it is full."),
    "zone.exists": lazy_gettext("There is a zone of this code already."),
    "zone.in_use": lazy_gettext("There are spaces in this zone. Move or remove them first."),
    "zone.unknown": lazy_gettext("There is no such zone."),
    "zone.unknown/site": lazy_gettext("There is no such zone at that site. Choose the place anew."),
}

STATUSES: Mapping[str, LazyString] = {
    "held": lazy_gettext("On hold"),
    "booked": lazy_gettext("Booked"),
    "checked_in": lazy_gettext("Checked in"),
    "completed": lazy_gettext("Completed"),
    "released": lazy_gettext("Released"),
    "ended_early": lazy_gettext("Ended early"),
    "cancelled": lazy_gettext("Cancelled"),
}

REASONS: Mapping[str, LazyString] = {
    "": lazy_gettext("-"),
    "awaiting_sensor": lazy_gettext("waiting for the sensor's word"),
    "cancelled": lazy_gettext("it was cancelled"),
    "next_booking": lazy_gettext("the next booking of the same person begins"),
    "not_available": lazy_gettext("the space is no longer available"),
    "closed": lazy_gettext("the office is closed"),
    "left": lazy_gettext("the person left the office"),
    "claimed_by_other": lazy_gettext("left; somebody else sat down"),
    "ended": lazy_gettext("used to the end"),
    "ends_within_grace": lazy_gettext("too short to be released"),
    "gave_back": lazy_gettext("given back"),
    "grace": lazy_gettext("within the grace period"),
    "offer_declined": lazy_gettext("not wanted: offered to the next in line"),
    "offer_expired": lazy_gettext("nobody answered: offered to the next in line"),
    "offer_withdrawn": lazy_gettext("the offer was withdrawn"),
    "replaced": lazy_gettext("replaced by another booking of the same person"),
    "left_early": lazy_gettext("the sensor saw everybody leave"),
    "no_check_in": lazy_gettext("nobody checked in"),
    "no_sensor": lazy_gettext("no sensor: kept"),
    "no_show": lazy_gettext("nobody came"),
    "over": lazy_gettext("over"),
    "reclaimed": lazy_gettext("taken back"),
    "seen": lazy_gettext("the sensor saw somebody"),
    "sensor_silent": lazy_gettext("sensor silent: kept"),
    "unverified": lazy_gettext("unverified: no word from the sensor"),
    "out_of_order": lazy_gettext("the space was out of order"),
    "layout": lazy_gettext("the layout of the office was changed"),
    "series_unused": lazy_gettext("the series was not used"),
    "day_closed": lazy_gettext("the series was changed, and its new day is closed"),
    "offline": lazy_gettext("sensor went silent"),
    "suspect": lazy_gettext("over 12 hours or all night: check the sensor"),
    "unbound": lazy_gettext("sensor was taken away"),
}

KINDS: Mapping[str, LazyString] = {
    "seat": lazy_gettext("Seat"),
    "focus_seat": lazy_gettext("Focus seat"),
    "booth": lazy_gettext("Semi-private booth"),
    "meeting_booth": lazy_gettext("Meeting booth"),
    "open_meeting": lazy_gettext("Open meeting place"),
}

LOOKS: Mapping[str, LazyString] = {
    "free": lazy_gettext("Free"),
    "in_use": lazy_gettext("In use"),
    "partly": lazy_gettext("Partly free"),
    "booked": lazy_gettext("Booked"),
    "yours": lazy_gettext("Yours"),
    "silent": lazy_gettext("Free, sensor unsure"),
    "other": lazy_gettext("Not available"),
    "broken": lazy_gettext("Out of order"),
}

UNAVAILABLE: Mapping[str, LazyString] = {
    "taken": lazy_gettext("Somebody has booked it for this time."),
    "held": lazy_gettext("It is offered to somebody in the queue."),
    "partly": lazy_gettext("Part of this time is booked."),
    "deserted": lazy_gettext("Whoever sat here has left. Sit down and claim the seat."),
    "yours": lazy_gettext("You have booked it."),
    "out_of_order": lazy_gettext("It is out of order. Choose another one."),
    "closed": lazy_gettext("The office is closed for part of this time."),
    "not_available": lazy_gettext("It is not available. Choose another one."),
    "lots": lazy_gettext("It is drawn by lot. Wish for a seat under Tomorrow's seats."),
    "other_section": lazy_gettext("It is in another section's zone."),
    "zone_not_full": lazy_gettext("This zone takes you in when your own zone is full."),
    "free_seating": lazy_gettext("No booking is needed here: sit down and claim the seat."),
    "horizon": lazy_gettext("This time is further ahead than bookings are open."),
    "opening_hours": lazy_gettext(
        "Part or all of this time is outside the hours in which bookings are open."
    ),
    "buffer": lazy_gettext("This time is too close to another booking: the space needs a pause."),
}


TOPICS: Mapping[str, LazyString] = {
    "own": lazy_gettext("What I book, change or cancel myself"),
    "by_others": lazy_gettext("What others book, change or cancel for me"),
    "release": lazy_gettext("My booking is about to be given back, or was"),
    "invitation": lazy_gettext("Invitations"),
    "series": lazy_gettext("Series that nobody uses"),
    "queue": lazy_gettext("Offers from the queue, draws"),
    "telework": lazy_gettext("My telework plans and days, and requests that wait for me"),
    "system": lazy_gettext("Faults of the system"),
}

HAPPENINGS: Mapping[str, LazyString] = {
    "booking.made": lazy_gettext("was booked"),
    "booking.claimed": lazy_gettext("was claimed by somebody who sat down"),
    "booking.checked_in": lazy_gettext("checked in"),
    "booking.released": lazy_gettext("was given back: nobody came"),
    "booking.ended_early": lazy_gettext("was given back early"),
    "booking.cancelled": lazy_gettext("was cancelled"),
    "booking.reclaimed": lazy_gettext("was taken back"),
}

OCCUPANCY: Mapping[str, LazyString] = {
    "occupied": lazy_gettext("In use"),
    "vacant": lazy_gettext("Empty"),
    "offline": lazy_gettext("Sensor silent"),
    "unknown": lazy_gettext("Not known"),
}


# What is wrong with a sensor.
TROUBLES: Mapping[str, LazyString] = {
    "silent": lazy_gettext("silent: look at its battery and its network"),
    "clock": lazy_gettext("its clock is behind: set its time and its time zone"),
    "suspect": lazy_gettext("“in use” for over 12 hours or all night: stuck?"),
    "flapping": lazy_gettext("changes over sixty times an hour: flapping"),
    "untold": lazy_gettext(
        "does not say that a seat is empty when it counts, so nothing is released there: let it tell its state at each "
        "heartbeat"
    ),
    "battery": lazy_gettext("battery low"),
    "gaps": lazy_gettext("messages were lost on their way"),
}


def explain(code: str, facts: Mapping[str, Any]) -> str:
    """A refusal's code and facts in one sentence of the reader's language, with what would be allowed."""
    if code == "telework.cap" and facts:
        return of_telework.breach(facts)
    if code == "telework.month_closed" and "open_from" in facts:
        return str(of_days.OPEN_FROM) % facts
    if code == "rotation.problem" and "said" in facts:
        return str(of_rotation.CONTRADICTION) % facts
    if code == "rotation.own_deputy" and "duty" in facts:
        return str(of_rotation.OWN_DEPUTY) % facts
    if code == "webhook.kind":
        return of_webhooks.unknown(facts)
    if code == "policy.invalid" and facts.get("key") in POLICIES:
        return of_policy(facts)
    if code == "series.refused" and "because" in facts:
        because = of_bookings.of_series(explain(facts["because"], facts), facts)
        return of_bookings.joined([REFUSALS[code], because])
    narrower = next((f"{code}/{facts[name]}" for name in ("rule", "why", "clash") if name in facts), code)
    of_another = of_bookings.about(narrower, facts)
    sentence = of_another or str(REFUSALS.get(narrower) or REFUSALS.get(code) or code)
    sentence = of_bookings.with_limit(sentence, facts) if "allowed" in facts else sentence
    return of_bookings.of_series(sentence, facts) if facts.get("of_series") else sentence
