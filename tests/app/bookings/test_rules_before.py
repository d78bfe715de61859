"""How far back one must look for what held a space before (RULES 5): never too short, whatever the policies."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from app.bookings.rules import before_that_matters, evidence_window
from app.spaces.rules import LONGEST, Policy
from app.timespan import TimeSpan, later

ZONES = st.sampled_from(
    [ZoneInfo(one) for one in ("Asia/Tokyo", "Europe/Berlin", "America/New_York", "Antarctica/Troll")]
)
STARTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
LENGTHS = st.timedeltas(timedelta(minutes=1), LONGEST)
POLICIES = st.lists(
    st.builds(Policy, check_in_opens=st.timedeltas(timedelta(0), LONGEST), max_duration=LENGTHS),
    min_size=1,
    max_size=3,
)


@given(
    policies=POLICIES,
    starts=st.lists(STARTS, min_size=1, max_size=3),
    zone=ZONES,
    ago=st.floats(0, 1.01),
    data=st.data(),
)
def test_what_has_a_say_in_the_evidence_ended_and_began_within_it(
    policies: list[Policy],
    starts: list[datetime],
    zone: ZoneInfo,
    ago: float,
    data: st.DataObject,
) -> None:
    policy, start = data.draw(st.sampled_from(policies)), data.draw(st.sampled_from(starts))
    began = start - policy.check_in_opens - ago * policy.max_duration - timedelta(seconds=1)
    previous = TimeSpan(began, later(began, policy.max_duration, zone))
    booking = TimeSpan(start, start + timedelta(hours=8))
    without = evidence_window(booking, None, policy)
    ended, begun = before_that_matters(starts, policies)
    if evidence_window(booking, previous.end, policy) != without:
        assert previous.end > ended
        assert previous.start >= begun


def test_by_default_it_is_a_day_before_check_in_opens_and_an_hour_or_two_for_the_clocks() -> None:
    nine = datetime(2026, 11, 24, 9, tzinfo=UTC)
    assert before_that_matters([nine + timedelta(hours=1), nine], [Policy()]) == (
        nine - timedelta(minutes=15),
        nine - timedelta(days=1, hours=2, minutes=15),
    )
