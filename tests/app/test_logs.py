"""What is logged stands in one line, whoever wrote part of it."""

from __future__ import annotations

import json
import logging

from app.logs import JsonLines, TextLines

FORGED = "no\r\n2026-11-30 INFO akiseki: all is well\x1b[2J\x85\u2028\u2029\u202e\x00"


def record(text: str, error: BaseException | None = None) -> logging.LogRecord:
    told = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord("akiseki", logging.WARNING, __file__, 1, "failed: %s", (text,), told)


def test_a_message_is_one_line_and_says_what_it_was_given() -> None:
    said = TextLines().format(record(FORGED))
    assert said.isprintable()
    assert said.endswith(
        r"failed: no\r\n2026-11-30 INFO akiseki: all is well\x1b[2J\x85\u2028\u2029\u202e\x00"
    )


def test_what_people_write_in_their_language_stays() -> None:
    assert TextLines().format(record("髙𠮷 ①　\\n")).endswith("failed: 髙𠮷 ①　\\n")


def test_a_traceback_keeps_its_lines_and_none_can_be_taken_for_a_record() -> None:
    try:
        raise ValueError(FORGED)
    except ValueError as error:
        first, *below = TextLines().format(record("x", error)).splitlines()
    assert first.endswith("failed: x")
    assert below[0] == "  Traceback (most recent call last):"
    assert all(line.startswith("  ") and line.isprintable() for line in below)


def test_json_is_one_line_and_reads_back_as_it_was() -> None:
    said = JsonLines().format(record(FORGED))
    assert len(said.splitlines()) == 1
    assert said.isprintable()
    assert json.loads(said)["message"] == f"failed: {FORGED}"
