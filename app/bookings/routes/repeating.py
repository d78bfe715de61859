"""API of the series that somebody has: what repeats, what is left of it, and by when an answer is awaited."""

from typing import Any

from app.access import READERS, allow, asker
from app.bookings.pages import asking
from app.bookings.schemas import SeriesList, SeriesQuery
from app.bookings.series.listing import series_of
from app.fields import ME
from app.http import Blueprint, cursor_page, now

api = Blueprint("series", "series", url_prefix="/api/v1", description="Series of bookings")


@api.route("/series")
@api.arguments(SeriesQuery, location="query")
@api.response(200, SeriesList)
@allow(*READERS)
def index(query: dict[str, Any]) -> Any:
    """One's own series and those made for others, or those of somebody one may act for; the newest last"""
    user_id = asker().id if query["user"] == ME else query["user"]
    with asking.looking_at(user_id) as session:
        found = series_of(
            session,
            user_id,
            now=now(),
            made_too=user_id == asker().id,
            after_id=query["cursor"],
            limit=query["limit"] + 1,
        )
    return cursor_page(found, query["limit"])
