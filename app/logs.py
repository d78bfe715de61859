"""Log lines of one shape on standard error: text for a person, JSON for a collector."""

import json
import logging
import re
from textwrap import indent
from typing import Any

# What ends a line somewhere, moves a terminal's cursor or turns the writing round: others write part of what is logged.
UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


class TextLines(logging.Formatter):
    """One line a record, however many its message brings; a traceback's lines stand below it, set in."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - as logging names it
        return _seen(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802
        return _set_in(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:  # noqa: N802
        return _set_in(super().formatStack(stack_info))


def _seen(text: str) -> str:
    return UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def _set_in(lines: str) -> str:
    return indent("\n".join(map(_seen, lines.split("\n"))), "  ", lambda _line: True)


class JsonLines(logging.Formatter):
    """One JSON object a line; never the arguments of a request, which may hold secrets."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname,
            "name": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        said = json.dumps(entry, ensure_ascii=False)
        return UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", said)


def configure(form: str, level: int = logging.INFO) -> None:
    """Send this process's log to standard error in the form `text` or `json`."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if form == "json" else TextLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # What these tell is said better by the commands themselves, or is said at every turn of a job.
    for chatty in ("alembic", "apscheduler"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
