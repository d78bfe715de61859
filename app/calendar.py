"""Fills the office calendar: national holidays come from jpholiday (国民の祝日に関する法律)."""

from datetime import date
from functools import lru_cache
from types import MappingProxyType

import jpholiday

from app.working_days import WorkingDays


@lru_cache(maxsize=16)
def working_days(year: int) -> WorkingDays:
    """The calendar of a year and its two neighbours, so that a scan may cross the turn of the year."""
    found = jpholiday.between(date(year - 1, 1, 1), date(year + 1, 12, 31))
    return WorkingDays(holidays=MappingProxyType({on: str(name) for on, name in found}))
