"""What wires tell only once: the names behind Sparkplug's numbers, whose children Homie's devices are, which Shelly
speaks under a topic of the site's. It is remembered, and told to whoever keeps it over a restart."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Any

from app.texts import is_line

# A stranger may tell of things without end; what is of known devices is learnt again from where it is kept.
MOST = 100_000
MOST_NAME = 255
# Which wire, and of whom it is told there.
Key = tuple[str, str]


class ToldOnce:
    """What was told last of each. `keeps`: whether anybody keeps what is new."""

    def __init__(self, *, keeps: bool = True) -> None:
        self._told: dict[Key, Mapping[str, Any]] = {}
        self._news: dict[Key, frozenset[str]] = {}
        self._keeps = keeps
        self._weight = 0
        self._stirred = False

    def get(self, wire: str, name: str) -> Mapping[str, Any] | None:
        """What was told of one; None where nothing was."""
        return self._told.get((wire, name))

    def of(self, wire: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Of whom a wire told something, and what."""
        return ((name, said) for (of, name), said in self._told.items() if of == wire)

    def tell(
        self, wire: str, name: str, said: Mapping[str, Any], devices: Iterable[str], weight: int = 1
    ) -> None:
        """Remember what is told of one. `devices`: of which it speaks; where none of them is known, it is not kept."""
        if self._told.get((wire, name)) == said or len(name) > MOST_NAME or not is_line(name):
            return
        self._weight += weight
        if self._weight > MOST:
            self._told.clear()
            self._news.clear()
            self._weight = weight
        self._told[wire, name] = said
        if self._keeps:
            self._news[wire, name] = frozenset(devices)
            self._stirred = True

    def news(self, known: Container[str]) -> dict[Key, Mapping[str, Any]]:
        """What is of known devices and not kept yet; where neither has changed there is none."""
        if not self._stirred:
            return {}
        return {
            key: self._told[key]
            for key, devices in self._news.items()
            if any(device in known for device in devices)
        }

    def kept(self, news: Mapping[Key, Mapping[str, Any]]) -> None:
        """These are kept now, which were all."""
        self._stirred = False
        for key, said in news.items():
            if self._told.get(key) == said:
                self._news.pop(key, None)

    def learn(self, kept: Mapping[Key, Mapping[str, Any]]) -> None:
        """What is kept, perhaps by another gateway meanwhile; what is new here is newer."""
        self._stirred = bool(self._news)
        self._told.update({key: said for key, said in kept.items() if key not in self._news})
