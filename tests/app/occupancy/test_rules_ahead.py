"""A clock that was ahead and is set right: what comes then is not late (RULES 3)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given

from app.occupancy.rules import Fold, Signal, Watch, observe
from tests.app.occupancy.test_rules import END, PIR, WATCHES, at, empty, hit, ordered, run


@given(ordered, ordered, WATCHES)
def test_a_clock_that_was_ahead_and_is_right_makes_nothing_late(
    ahead: list[Signal], after: list[Signal], watching: Watch
) -> None:
    """What was said under the wrong clock leaves at most what was confirmed."""
    apart = timedelta(hours=9)
    fold, _ = run([one._replace(at=one.at + apart) for one in ahead], watching, END + apart)
    if not ahead or not after:
        return
    first = after[0]._replace(latest=after[0].at)
    found, turns = observe(fold, first, watching)
    anew = Fold(fold.state, fold.since_at and min(fold.since_at, first.at))
    assert (found, turns) == observe(anew, first, watching)
    assert found.signal_at == first.at
    assert all(one is None or one <= first.at for one in found[1:2] + found[3:7])


@pytest.mark.parametrize(("ahead", "late"), [(-1, False), (5, True), (5.01, False), (60, False)])
def test_what_comes_more_than_five_minutes_before_the_newest_is_not_late_but_the_newest_was_ahead(
    ahead: float, late: bool
) -> None:
    fold, _ = run([empty(ahead)], PIR, at(ahead))
    said = hit(0)._replace(latest=at(5))
    assert (observe(fold, said, PIR)[0] == fold) == late
