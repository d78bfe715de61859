"""What a person's quotas leave to them of many spaces, before any is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from app.bookings.holding import clashing_with
from app.bookings.legal import Besides, quota_refusal
from app.bookings.now.rules import Option
from app.bookings.several.rows import rows_of_people
from app.bookings.several.rules import weeks_of
from app.spaces.rules import Kind, Lane
from app.timespan import TimeSpan


def within_quotas(
    session: Session,
    found: Sequence[Option],
    lane: Lane,
    span: TimeSpan,
    *,
    user_id: int | None,
    now: datetime,
) -> list[Option]:
    """The options for a span that a person's quotas leave to them, what would end for one of them apart, in the same
    order. Two queries; none where no quota is set.

    Without the locks: `legal.check_quotas` has the last word on the one that is taken.
    """
    counted = [one.counted for one in found if one.counted is not None]
    if user_id is None or not counted:
        return list(found)
    besides = Besides.replaced(clashing_with(session, user_id, lane, span), span.start, now)
    rows = rows_of_people(session, [user_id], weeks_of(span, {one.timezone for one in counted}))
    # One for all spaces of a kind in a zone: they count alike.
    alike = {(one.kind, one.zone_id): one for one in counted}
    full: set[tuple[Kind, int]] = {
        key for key, one in alike.items() if quota_refusal(rows, one, now=now, besides=besides)
    }
    return [one for one in found if one.counted is None or (one.kind, one.zone_id) not in full]
