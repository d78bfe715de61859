"""What is said of people, accounts and signing in; a part of `app.wording`."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import lazy_gettext
from flask_babel.speaklater import LazyString

OF_PEOPLE: Mapping[str, LazyString] = {
    "password.code_unknown": lazy_gettext(
        "That code is wrong, was used already, or is older than a day. Ask your IT staff for another one."
    ),
    "password.length": lazy_gettext("A password has 8 characters at least, in one line."),
    "password.not_the_same": lazy_gettext("The two passwords are not the same. Type them again."),
    "password.wrong": lazy_gettext("That is not your present password."),
    "person.query": lazy_gettext("Name the first letters of whom you look for."),
    "section.circle": lazy_gettext("A section cannot lie under itself, nor under one that lies under it."),
    "section.closed": lazy_gettext(
        "That section is closed by then. Choose another, or give it a later last day."
    ),
    "section.exists": lazy_gettext("There is a section with this code already."),
    "section.in_use": lazy_gettext(
        "People, or open sections below it, would still be in it after that day. Give them another section first."
    ),
    "sign_in.bound": lazy_gettext(
        "This mail address belongs to an account that another person of the directory uses. Ask your IT staff."
    ),
    "sign_in.unknown": lazy_gettext(
        "You are known to the city, but have no account here, or have left. Ask your IT staff to add you."
    ),
    "sign_in.unverified": lazy_gettext(
        "The directory has not verified your mail address, so that it cannot be matched. Ask your IT staff."
    ),
    "token.expired": lazy_gettext("The last day of a token must not have passed."),
    "token.not_allowed": lazy_gettext("Tokens are one's own; IT issues those of kiosks and services."),
    "token.too_many": lazy_gettext("That is one token too many. Revoke those that you do not use."),
    "token.unknown": lazy_gettext("There is no such token, or it is dead already."),
    "user.exists": lazy_gettext("There is an account with this address already."),
    "user.here": lazy_gettext("This person has not left."),
    "user.left": lazy_gettext("This person has left already."),
    "user.leaves_in_past": lazy_gettext("That instant has passed. Let them leave now instead."),
    "user.no_section": lazy_gettext("Everybody belongs to one section at least."),
    "user.not_allowed": lazy_gettext(
        "Your role does not look after this account, or may not give this role."
    ),
    "user.past_employment": lazy_gettext(
        "Employments that held already were entered for that day or later, and would be as if they had never been. "
        "Look at the day; if they were wrong, say so with it."
    ),
    "user.past_sections": lazy_gettext(
        "Sections that held already were entered for that day or later, and would be as if they had never been. Look "
        "at the day; if they were wrong, say so with it."
    ),
    "user.self": lazy_gettext("Nobody changes the own role or leaves by the own hand. Ask a colleague."),
    "user.unknown": lazy_gettext("There is no such person, or they have left."),
}

ROLES: Mapping[str, LazyString] = {
    "staff": lazy_gettext("Staff"),
    "chief": lazy_gettext("Section chief"),
    "facility": lazy_gettext("Facility staff"),
    "personnel": lazy_gettext("Personnel"),
    "it": lazy_gettext("IT"),
    "auditor": lazy_gettext("Auditor (reads only)"),
    "kiosk": lazy_gettext("Kiosk"),
    "service": lazy_gettext("Service (a program)"),
}

EMPLOYMENTS: Mapping[str, LazyString] = {
    "regular": lazy_gettext("Regular"),
    "reappointed": lazy_gettext("Reappointed after retirement"),
    "fixed_term": lazy_gettext("For a fixed term"),
    "fiscal_year": lazy_gettext("Appointed for the fiscal year"),
    "part_time": lazy_gettext("Part-time"),
    "other": lazy_gettext("Other"),
}
