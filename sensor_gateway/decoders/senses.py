"""Senses that speak of one seat, each on a topic of its own: a radar's presence beside its motion."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from app.texts import is_line
from sensor_gateway.decoders.told_once import ToldOnce

MOST_DEVICES, MOST_SENSES = 100_000, 256
MOST_NAME = 255
# Nobody sits for longer: what was not said for so long while others of the seat spoke has no part in it any more.
LASTS = timedelta(days=1)
# May be told as a pulse that is never taken back.
_A_PULSE = re.compile(r"motion[^/]*$", re.IGNORECASE)

# By seat and sense what it said last, and when; no time where it was silent for too long.
_Said = dict[tuple[str, str], tuple[bool | None, datetime | None]]


class Senses:
    """What each sense of a seat said last, from its first clear word on; of motion from when it first said that nobody
    is there: a pulse that is never taken back holds nothing. Which there are is told once: after a restart, ours or the
    device's, one that has not spoken yet may see somebody, for a day."""

    def __init__(self, wire: str, told_once: ToldOnce, is_elsewhere: Callable[[str], bool]) -> None:
        """`is_elsewhere`: whether the message is of another device than the one of its name that is remembered."""
        self._is_elsewhere = is_elsewhere
        self._wire = f"{wire}-senses"
        self._told_once = told_once
        self._words: dict[str, _Said] = {}

    def hear(self, device: str, seat: str, sense: str, word: bool | None, at: datetime) -> bool | None:
        """What all senses of a seat say together, of which one has spoken: somebody is there where one says so, nobody
        where each does. A word that is not clear says nothing of the seat."""
        if self._is_elsewhere(device):
            return word
        said = self._said(device, at)
        is_new = (seat, sense) not in said
        if is_new and (word is None or (word and _A_PULSE.search(sense))):
            return word
        if is_new and not (_is_name(seat + sense) and self._has_room(said)):
            return word or None  # without a memory of it nobody knows that the seat is empty
        was_silent = is_new or said[seat, sense][1] is None
        said[seat, sense] = word, at
        lapsed = [
            name
            for name, (_word, told_at) in said.items()
            if name[0] == seat and told_at and at - told_at > LASTS
        ]
        said.update(dict.fromkeys(lapsed, (None, None)))
        if was_silent or lapsed:
            self._tell(device, said)
        if word is None:
            return None
        return together(one for (of, _sense), (one, told_at) in said.items() if of == seat and told_at)

    @staticmethod
    def _has_room(said: _Said) -> bool:
        """Whether one more can be remembered: in place of those that were silent for too long, if need be."""
        if len(said) >= MOST_SENSES:
            for name in _silent(said):
                del said[name]
        return len(said) < MOST_SENSES

    def gone(self, device: str, seat: str, sense: str, at: datetime) -> None:
        """A sense is there no more."""
        said = self._said(device, at)
        if (seat, sense) in said and not self._is_elsewhere(device):
            del said[seat, sense]
            self._tell(device, said)

    def forget(self, device: str, at: datetime) -> None:
        """A device is there no more."""
        if (said := self._said(device, at)) and not self._is_elsewhere(device):
            said.clear()
            self._tell(device, said)

    def wait_for_all(self, device: str, at: datetime) -> None:
        """A device begins anew or is lost: each of its senses may see somebody until it speaks. What it said meanwhile
        is not heard, and not every device tells its values again then."""
        if (said := self._said(device, at)) and not self._is_elsewhere(device):
            self._words[device] = {name: (None, told_at) for name, (_word, told_at) in said.items()}

    def _said(self, device: str, at: datetime) -> _Said:
        found = self._words.get(device)
        if found is None:
            known = self._told_once.get(self._wire, device) or {}
            if len(self._words) >= MOST_DEVICES:
                self._words.clear()
            found = dict.fromkeys(((seat, sense) for seat, sense in known.get("senses", ())), (None, at))
            silent = ((seat, sense) for seat, sense in known.get("silent", ()))
            found |= dict.fromkeys(silent, (None, None))
            self._words[device] = found
        return found

    def _tell(self, device: str, said: _Said) -> None:
        """Which senses a device has, and which of them are silent."""
        silent = _silent(said)
        senses = sorted(list(name) for name in said.keys() - set(silent))
        told = {"senses": senses, "silent": sorted(list(name) for name in silent)}
        self._told_once.tell(self._wire, device, told, (device,), 1 + len(said))


def _silent(said: _Said) -> list[tuple[str, str]]:
    return [name for name, (_word, told_at) in said.items() if told_at is None]


def _is_name(name: str) -> bool:
    return len(name) <= MOST_NAME and is_line(name)


def together(words: Iterable[bool | None]) -> bool | None:
    """What several senses of one seat say: one is enough that somebody is there; nobody is where each says so."""
    said = set(words)
    return True if True in said else None if None in said else False
