"""What a text may be before it is stored, shown, followed or mailed; pure."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from urllib.parse import SplitResult, urlsplit

MOST_ADDRESS = 254
LOST = "〓"  # geta: stands for the character that CP932 does not have
_EUI_64 = re.compile(r"((?:[0-9A-Fa-f]{2}[-: ]?){7}[0-9A-Fa-f]{2})(?:\Z|:)")
_ATOM, _LABEL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+", "[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*")
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", re.ASCII)
_MARKS = re.compile("[-: ]")
_HALF_WIDTH = {0xFF00 + one: 0x20 + one for one in range(1, 95)} | {0x3000: 0x20}


def is_storable(text: str) -> bool:
    """Whether a database can hold this text: PostgreSQL refuses the null character, UTF-8 lone surrogates."""
    return "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def is_line(text: str) -> bool:
    """Whether this is one line that a person can read: no break, no control or format character.

    A space may be the ideographic one, as between the parts of a Japanese name, and a character may be one of the
    office's own (外字, in the private use area).
    """
    return text.isprintable() or all(map(_stands_in_a_line, text))


def _stands_in_a_line(one: str) -> bool:
    return one.isprintable() or unicodedata.category(one) in {"Zs", "Co"}


def as_on_wire(text: str) -> str:
    """A device's name as its wire says it: an EUI-64, which labels print in capitals and with marks and people type
    full-width, in small letters alone; any other as it is. A part of the device may stand behind it, as in
    `24e124535b316056:region_1`."""
    found = _EUI_64.match(text.translate(_HALF_WIDTH))
    if found is None:
        return text
    return _MARKS.sub("", found[1]).lower() + text[found.end(1) :]


def is_address(text: str) -> bool:
    """Whether mail can be sent there: as in aoki@city.example.jp, a dot-atom before and a name of a host behind (RFC
    5322, 3.4.1, without its quoted and literal forms). No server is asked for SMTPUTF8."""
    return _ADDRESS.fullmatch(text) is not None and len(text) <= MOST_ADDRESS


def plain(text: str) -> str:
    """A text as names and codes are compared, whatever its width, its case and its spaces."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def listed(text: str) -> list[str]:
    """What stands in a text apart by commas, semicolons or spaces, full-width or not."""
    return [one for one in re.split(r"[,、;\s]+", unicodedata.normalize("NFKC", text)) if one]


def date_written(text: str) -> date:
    """A date as people write it: 2026-12-28, 2026/1/5 or 2026年1月5日, full-width or not; raises ValueError."""
    found = _DATE.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if found is None:
        raise ValueError("must be a date such as 2026-12-28")
    year, month, on = map(int, found.groups())
    return date(year, month, on)


def address_parts(text: str) -> SplitResult:
    """The parts of an address of the web that somebody gave; of what is none, as `http://[`, empty ones."""
    try:
        return urlsplit(text)
    except ValueError:
        return urlsplit("")


def inside(address: str) -> str:
    """The address if it stays on this site, else nothing: no redirect may lead elsewhere."""
    parts = address_parts(address)
    plain = not parts.scheme and not parts.netloc and "\\" not in address and address.isprintable()
    return address if plain and address.startswith("/") and not address.startswith("//") else ""
