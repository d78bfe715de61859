"""What people are told, by mail, in their messages and in a chat."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import lazy_gettext
from flask_babel.speaklater import LazyString

# By kind of event: what a person is told of it; `app.letters` fills in what stands in brackets, and says of a booking
# besides how it was before, who did it, and why.
MESSAGES: Mapping[str, LazyString] = {
    "booking.made": lazy_gettext("%(space)s is booked: %(when)s."),
    "booking.changed": lazy_gettext("Changed: %(space)s, %(when)s."),
    "booking.moved": lazy_gettext("Moved from %(before)s to %(space)s: %(when)s."),
    "booking.cancelled": lazy_gettext("Cancelled: %(space)s, %(when)s."),
    "booking.ended_early": lazy_gettext("Ended: %(space)s, %(when)s."),
    "booking.released": lazy_gettext("Released, since nobody came: %(space)s, %(when)s."),
    "booking.reclaimed": lazy_gettext("Held again: %(space)s, %(when)s."),
    "booking.release_warned": lazy_gettext(
        "%(space)s will be given back soon, since nobody came (%(when)s). Are you still coming?"
    ),
    "booking.invited": lazy_gettext("You are invited to %(space)s, %(when)s."),
    "booking.declined": lazy_gettext("%(who)s does not come: %(space)s, %(when)s."),
    "booking.uninvited": lazy_gettext("You need no longer come: %(space)s, %(when)s."),
    "series.unused": lazy_gettext(
        "Nobody came to your series at %(space)s the last times. Confirm it by %(until)s, or it ends."
    ),
    "series.ended": lazy_gettext("Your series was ended, since nobody used it and nobody answered."),
    "lots.left_out": lazy_gettext(
        "The draw had more wishes than seats, and none is left for you. Next time you come first."
    ),
    "lots.refused": lazy_gettext("The draw could give you no seat. Why stands under Tomorrow's seats."),
    "waitlist.offered": lazy_gettext(
        "%(space)s is held for you until %(until)s (%(when)s). Take it or decline."
    ),
    "waitlist.expired": lazy_gettext(
        "The offer of %(space)s has ended unanswered. It went to the next in line."
    ),
    "waitlist.withdrawn": lazy_gettext(
        "What was offered cannot be had after all. You keep your place in line."
    ),
    "waitlist.over": lazy_gettext("Nothing became free for the time you waited for (%(when)s)."),
    "telework.approved": lazy_gettext("Approved: %(cells)s."),
    # Where it makes bookings needless.
    "telework.approved/some": lazy_gettext(
        "Approved: %(cells)s. Bookings of yours that you do not need any more: %(count)s. Give them up under Telework."
    ),
    "telework.rejected": lazy_gettext("Refused: %(cells)s. Why: %(why)s."),
    # Where something else had been approved.
    "telework.rejected/some": lazy_gettext(
        "Refused: %(cells)s. Why: %(why)s. The approval that your request replaced does not come back: %(lost)s. "
        "Ask for it again if you need it."
    ),
    "telework.revoked": lazy_gettext("The approval was taken back: %(cells)s. Why: %(why)s."),
    "telework.waiting": lazy_gettext(
        "%(count)s half-days of telework, trips or leave wait for your decision."
    ),
    "telework.deputy_named": lazy_gettext("%(actor)s named you deputy for deciding on telework plans."),
    "telework.deputy_ended": lazy_gettext("You are no deputy for telework plans any more."),
    "telework.rotation_published": lazy_gettext(
        "A rotation of your section was published: your half-days that change are %(count)s. They stand under Telework."
    ),
    "telework.rotation_withdrawn": lazy_gettext(
        "A rotation of your section was withdrawn: your half-days without a plan now are %(count)s."
    ),
    "telework.swap_offered": lazy_gettext(
        "%(on)s: somebody is absent. Can you come in for them, or work at home? "
        "Answer under Telework, Asked to come in."
    ),
    "telework.swap_accepted": lazy_gettext("%(on)s: %(actor)s agrees to change for who is absent."),
    "telework.swap_declined": lazy_gettext("%(on)s: %(actor)s cannot change for who is absent."),
    "telework.swap_withdrawn": lazy_gettext("%(on)s: somebody else comes in. You need not answer any more."),
    "telework.swap_ended": lazy_gettext(
        "%(on)s: the rotation was planned anew or withdrawn. You need not answer any more."
    ),
    "telework.conflict": lazy_gettext(
        "%(on)s, %(halves)s: telework was approved, yet you checked in. Say under My days where you worked."
    ),
    "telework.corrected": lazy_gettext("%(on)s, %(halves)s: %(actor)s said that it was: %(to)s."),
    "sensor.troubles": lazy_gettext("%(count)s sensors need a look: %(sensors)s."),
    "gateway.unheard": lazy_gettext(
        "The gateway %(gateway)s has heard no sensor since %(since)s: what they say waits at the broker, if that runs. "
        "Start the gateway, or the broker; see Manage → Sensors."
    ),
    "webhook.disabled": lazy_gettext("A webhook failed for a day and is switched off: %(url)s."),
}

# The same of several bookings of a series, in one message; `when`: the first of them.
OF_SERIES: Mapping[str, LazyString] = {
    "booking.invited": lazy_gettext(
        "You are invited to a series: %(space)s, %(days)s days, first on %(when)s."
    ),
    "booking.uninvited": lazy_gettext(
        "You need not come to a series any more: %(space)s, %(days)s days, first on %(when)s."
    ),
    "booking.made": lazy_gettext("%(space)s is booked on %(days)s days, first on %(when)s."),
    "booking.changed": lazy_gettext("The series was changed: %(space)s, %(days)s days, first on %(when)s."),
    "booking.cancelled": lazy_gettext(
        "Cancelled: %(space)s on %(days)s days of a series, first on %(when)s."
    ),
}
