"""CBOR (RFC 8949), as far as sensors speak it: read within bounds, since anybody may have sent it."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sensor_gateway.messages import Undecodable

MOST_DEEP = 8
_INDEFINITE = 31
_FLOATS = {25: ">e", 26: ">f", 27: ">d"}
_SIMPLE = {20: False, 21: True, 22: None, 23: None}


def loads(content: bytes) -> Any:
    """The one item that the content is; raises Undecodable `not_cbor`."""
    reader = _Reader(content)
    try:
        found = reader.item(0)
    except (IndexError, ValueError, TypeError, struct.error, OverflowError):
        raise Undecodable("not_cbor") from None
    if reader.at != len(content):
        raise Undecodable("not_cbor")
    return found


@dataclass(slots=True)
class _Reader:
    content: bytes
    at: int = 0

    def item(self, depth: int) -> Any:
        if depth > MOST_DEEP:
            raise ValueError
        kind, told = divmod(self._byte(), 32)
        if kind == 7:
            return self._simple(told)
        count = None if told == _INDEFINITE else self._count(told)
        match kind:
            case 0:
                return self._known(count)
            case 1:
                return -1 - self._known(count)
            case 2:
                return b"".join(self._chunks(count, kind))
            case 3:
                return b"".join(self._chunks(count, kind)).decode("utf-8")
            case 4:
                return [self.item(depth + 1) for _ in self._items(count)]
            case 5:
                return {self.item(depth + 1): self.item(depth + 1) for _ in self._items(count)}
            case _:  # a tag says how to read what follows it; here what follows is enough
                self._known(count)
                return self.item(depth + 1)

    def _byte(self) -> int:
        self.at += 1
        return self.content[self.at - 1]

    def _take(self, length: int) -> bytes:
        taken = self.content[self.at : self.at + length]
        if len(taken) != length:
            raise ValueError
        self.at += length
        return taken

    def _count(self, told: int) -> int:
        if told < 24:
            return told
        if told > 27:
            raise ValueError
        return int.from_bytes(self._take(1 << (told - 24)), "big")

    @staticmethod
    def _known(count: int | None) -> int:
        if count is None:
            raise ValueError
        return count

    def _ends(self) -> bool:
        ended = self.content[self.at] == 0xFF
        self.at += ended
        return ended

    def _items(self, count: int | None) -> Iterator[None]:
        """As many times as there are items; the content runs out before a count that lies can do harm."""
        done = 0
        while done != count and not (count is None and self._ends()):
            done += 1
            yield

    def _chunks(self, count: int | None, kind: int) -> Iterator[bytes]:
        if count is not None:
            yield self._take(count)
            return
        while not self._ends():
            of, told = divmod(self._byte(), 32)
            if of != kind or told == _INDEFINITE:
                raise ValueError
            yield self._take(self._count(told))

    def _simple(self, told: int) -> Any:
        if told in _FLOATS:
            return struct.unpack(_FLOATS[told], self._take(1 << (told - 24)))[0]
        if told not in _SIMPLE:
            raise ValueError
        return _SIMPLE[told]
