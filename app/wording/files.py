"""Why a file, or a line of it, is refused."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import lazy_gettext
from flask_babel.speaklater import LazyString

FILES: Mapping[str, LazyString] = {
    "csv.broken": lazy_gettext("A quotation mark is missing or stands where none may."),
    "csv.cells": lazy_gettext("The line has more or fewer cells than the header."),
    "csv.changed": lazy_gettext("Somebody added the same at this moment. Upload the file again."),
    "csv.choice": lazy_gettext("This word is not one of those that may stand here."),
    "csv.code": lazy_gettext("This code is too long, or has characters that may not stand in it."),
    "csv.column": lazy_gettext("This column is not known, or stands twice."),
    "csv.column_needed": lazy_gettext("This column is missing."),
    "csv.date": lazy_gettext("This is not a date such as 2026-12-28."),
    "csv.email": lazy_gettext("This is not an address such as aoki@city.example.jp."),
    "csv.empty": lazy_gettext("This cell must not be empty."),
    "csv.empty_file": lazy_gettext("The file is empty."),
    "csv.encoding": lazy_gettext("The file is neither UTF-8 nor CP932."),
    "csv.flag": lazy_gettext("Write 1 for yes and 0 for no."),
    "csv.not_allowed": lazy_gettext("This file is not yours to read or to write."),
    "csv.number": lazy_gettext("This is not a whole number within the limits."),
    "csv.past_employment": lazy_gettext(
        "These employments held already, and would be as if they had never been. Look at the day."
    ),
    "csv.past_sections": lazy_gettext(
        "These sections held already, and would be as if they had never been. Look at the day."
    ),
    "csv.refused": lazy_gettext("Lines of the file cannot be taken. Nothing was changed."),
    "csv.text": lazy_gettext("This text is too long, or has characters that cannot be stored."),
    "csv.too_long": lazy_gettext("The file has more than 20,000 lines. Cut it in parts."),
    "csv.month_closed": lazy_gettext(
        "That day is in a closed month or before one. Reopen it first, or name a day after the last closed month."
    ),
    "csv.left": lazy_gettext("This person has left already. The line is passed over."),
    "csv.webhooks": lazy_gettext(
        "Once this person has left, their webhooks are told nothing until IT or the facility staff take them over."
    ),
    "csv.lost": lazy_gettext(
        "〓 stands for a character that the file's encoding (CP932) does not have. Write the character and save the "
        "file as UTF-8."
    ),
    "csv.alike": lazy_gettext(
        "There is one already that differs in its writing alone, such as full-width letters. This adds another one."
    ),
    "csv.twice": lazy_gettext("Two lines say different things of the same."),
}
