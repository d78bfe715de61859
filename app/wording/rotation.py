"""The rules of a rotation, in words: what must hold."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import lazy_gettext
from flask_babel.speaklater import LazyString

# By kind of rule; `about` is a person's name, or that of a cover or duty.
ROTATION_RULES: Mapping[str, LazyString] = {
    "fixed": lazy_gettext("The cells of %(about)s that are given or locked stay as they are."),
    "eligible": lazy_gettext("%(about)s may not work at home."),
    "week": lazy_gettext("%(about)s: at most %(limit)s half-days at home in a week."),
    "month": lazy_gettext("%(about)s: at most %(limit)s half-days at home in the month."),
    "year": lazy_gettext("%(about)s: at most %(limit)s more half-days at home in this fiscal year."),
    "row": lazy_gettext("%(about)s: at most %(limit)s days with work at home in a row."),
    "cover": lazy_gettext("%(about)s: at least %(limit)s in the office."),
    "duty": lazy_gettext("%(about)s: the main person and the deputy are never both away."),
    "mentor": lazy_gettext("%(about)s is in the office only together with the mentor."),
    "seats": lazy_gettext("No more than %(limit)s in the office: so many seats can be used."),
    "terminals": lazy_gettext("No more than %(limit)s at home with a terminal that is lent."),
}


def rule_in_words(kind: str, about: str, limit: int | None) -> str:
    """A rule as a sentence in the reader's language."""
    return str(ROTATION_RULES[kind]) % {"about": about, "limit": limit}
