"""Devices that tell of their parts, one at a time: which of them are seats of their own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

MOST_DEVICES, MOST_PARTS = 100_000, 64
# Of which seat each of a device's parts speaks; one that speaks of none is missing. The names say it, as a wire's are.
Seats = Callable[[Iterable[str]], Mapping[str, str]]


def each_of(parts: Iterable[str]) -> dict[str, str]:
    """Each part is a seat."""
    return {part: part for part in parts}


class Parts:
    """Of which parts each device was heard to tell. What is found of their seats is told to whoever keeps it over a
    restart: until a part speaks again a device would else take another's word for its own."""

    def __init__(self) -> None:
        self._told: dict[str, frozenset[str]] = {}
        self._seats: dict[str, Mapping[str, str]] = {}
        self._kept: dict[str, set[str]] = {}
        self._news: dict[str, set[str]] = {}

    def seats(self, device: str, parts: frozenset[str], by: Seats) -> Mapping[str, str]:
        """Of which seats a device's parts speak, these and those that it told of before."""
        told, found = self._told.get(device, frozenset()), self._seats.get(device)
        if found is not None and parts <= told:
            return found
        told |= parts
        found = by(told)
        if len(told) <= MOST_PARTS and (device in self._told or len(self._told) < MOST_DEVICES):
            self._told[device], self._seats[device] = told, found
            self._note(device, set(found.values()))
        return found

    def is_aside(self, device: str, part: str) -> bool:
        """Whether a device told of this part, which is of no seat or speaks of another's."""
        seats = self._seats.get(device)
        return seats is not None and part in self._told[device] and seats.get(part) != part

    def _note(self, device: str, seats: set[str]) -> None:
        if len(self._told[device]) > 1 and seats != self._kept.get(device, set()):
            self._news[device] = seats
        else:
            self._news.pop(device, None)

    def learn(self, kept: Mapping[str, Collection[str]]) -> None:
        """What is kept, perhaps by another gateway meanwhile."""
        self._kept = {device: set(parts) for device, parts in kept.items()}
        self._news = {
            device: seats for device, seats in self._news.items() if seats != self._kept.get(device, set())
        }
        for device, parts in self._kept.items():
            if not parts <= self._told.get(device, frozenset()):
                self._told[device] = self._told.get(device, frozenset()) | parts
                self._seats.pop(device, None)

    def news(self, known: Collection[str]) -> dict[str, set[str]]:
        """The seats of known devices that are not kept so."""
        return {device: self._news[device] for device in self._news.keys() & known}
