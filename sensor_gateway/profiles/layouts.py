"""How a model's bytes are read where no server did: what stands where, and in what it is told."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# How many bytes say what comes next.
HEADS: Mapping[str, int] = {"channels": 2, "types": 1, "fixed": 0}


@dataclass(frozen=True, slots=True)
class Part:
    """A value in a message's bytes, or several of one length, by their `names`, or of several lengths, by their
    `parts`. `scale` multiplies it; `mask` cuts bits out; `values` names numbers. `bits`: a field for each bit, from the
    lowest on, as many as `count`, or the field of that name, says. `where`: bytes, by their place, without which it is
    not meant. `history`: it is of before, by its `timestamp`."""

    name: str = ""
    names: Sequence[str] = ()
    channels: Sequence[int] = ()
    type: int | None = None
    length: int = 1
    signed: bool = False
    scale: float = 1
    offset: float = 0
    mask: int | None = None
    order: str = ""
    values: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    bits: str = ""
    count: str | int = ""
    where: Mapping[int, int] = dataclasses.field(default_factory=dict)
    history: bool = False
    parts: Sequence[Part] = ()

    def fields(self, content: bytes, order: str, before: Mapping[str, Any]) -> dict[str, Any]:
        """What these bytes say, by name. `before`: what was read before them."""
        order = self.order or order
        if self.parts:
            return _in_order(self.parts, content, order) or {}
        if self.bits:
            return self._flags(int.from_bytes(content, "big" if order == "big" else "little"), before)
        names = self.names or (self.name,)
        size = len(content) // len(names)
        cut = {name: content[n * size : (n + 1) * size] for n, name in enumerate(names)}
        return {name: self._value(part, order) for name, part in cut.items() if name}

    def is_at(self, tag: bytes, content: bytes) -> bool:
        """Whether this is what stands behind a tag, and all of it is there."""
        known = self.type == tag[-1] and (len(tag) == 1 or tag[0] in self.channels)
        return known and self.is_meant(content)

    def is_meant(self, content: bytes) -> bool:
        """Whether the bytes of `where` stand there, in what is behind the tag, or in all where nothing has one."""
        return all(at < len(content) and content[at] == byte for at, byte in self.where.items())

    def called(self) -> Iterator[str]:
        """The names of all fields that these bytes may say."""
        places = range(1, min(8 * self.length, self.count if isinstance(self.count, int) else 256) + 1)
        flags = [self.bits.format(n=place) for place in places] if self.bits else []
        yield from filter(None, (self.name, *self.names, *flags))
        for part in self.parts:
            yield from part.called()

    def _flags(self, told: int, before: Mapping[str, Any]) -> dict[str, Any]:
        most = before.get(self.count) if isinstance(self.count, str) else self.count
        count = min(8 * self.length, most) if isinstance(most, int) else 8 * self.length
        flags = {self.bits.format(n=place + 1): told >> place & 1 for place in range(count)}
        return {name: self.values.get(str(flag), flag) for name, flag in flags.items()}

    def _value(self, content: bytes, order: str) -> Any:
        whole = int.from_bytes(content, "big" if order == "big" else "little", signed=self.signed)
        whole = whole if self.mask is None else whole & self.mask
        if self.values:
            return self.values.get(str(whole), whole)
        return whole if (self.scale, self.offset) == (1, 0) else round(whole * self.scale + self.offset, 6)


@dataclass(frozen=True, slots=True)
class Layout:
    """All parts of a model's messages. `first`: what a server decoded is asked only where these bytes say nothing."""

    kind: str = ""
    order: str = "big"
    first: bool = False
    parts: Sequence[Part] = ()

    @property
    def names(self) -> list[str]:
        """The names of all fields that are read from a message's bytes, in order."""
        return list(dict.fromkeys(name for part in self.parts for name in part.called()))

    def fields(self, content: bytes) -> dict[str, Any] | None:
        """What a message's bytes say, by name; None where this cannot read them."""
        if not self.kind:
            return None
        if self.kind == "fixed":
            return _in_order(self.parts, content, self.order)
        return self.read(content)[0] or None

    def read(self, content: bytes) -> tuple[dict[str, Any], int]:
        """Values behind their tags, and how many bytes were read: what comes behind an unknown tag cannot be, what came
        before it stands."""
        found: dict[str, Any] = {}
        head = HEADS[self.kind]
        at = 0
        while at + head <= len(content):
            tag, rest = content[at : at + head], content[at + head :]
            part = next((one for one in self.parts if one.is_at(tag, rest)), None)
            if part is None or part.length > len(rest):
                break
            said = part.fields(rest[: part.length], self.order, found)
            if part.history:
                found.setdefault("history", []).append(said)
            else:
                found |= said
            at += head + part.length
        return found, at


def _in_order(parts: Sequence[Part], content: bytes, order: str) -> dict[str, Any] | None:
    """One part behind the other; None where the content is too short for them."""
    found: dict[str, Any] = {}
    at = 0
    for part in parts:
        if at + part.length > len(content):
            return None
        if part.is_meant(content):
            found |= part.fields(content[at : at + part.length], order, found)
        at += part.length
    return found
