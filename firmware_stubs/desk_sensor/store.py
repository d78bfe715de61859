"""Readings that wait in flash: bounded, whole after a power cut, and written seldom.

A folder of segments, `00000001.log` upwards, each with up to 128 records of one length, each with a checksum. Records
are only ever added, a batch at a time, and a segment goes when all in it is confirmed: no place is written twice.
After a power cut what was confirmed of the oldest segment is told again; the server knows it by boot and seq.
"""

import binascii
import os
import struct

from desk_sensor.readings import Reading

_FORM = "<8sIqbbbh"  # boot, seq, at_ms, is_dated, occupied, battery_pct, rssi
_BODY = struct.calcsize(_FORM)
_RECORD = _BODY + 4
_NOTHING = -1  # for occupied and battery_pct
_NO_RSSI = 0
PER_SEGMENT = 128  # 3,840 bytes: with its header a block of flash
MOST_SEGMENTS = 32  # 4,096 readings: ten days and more of an ordinary desk


def packed(reading):
    """A record: the reading and its checksum."""
    body = struct.pack(
        _FORM,
        reading.boot,
        reading.seq,
        reading.at_ms,
        reading.is_dated,
        _NOTHING if reading.occupied is None else reading.occupied,
        _NOTHING if reading.battery_pct is None else reading.battery_pct,
        _NO_RSSI if reading.rssi is None else reading.rssi,
    )
    return body + struct.pack("<I", binascii.crc32(body))


def unpacked(record):
    """The reading in a record; None where it was not written to its end."""
    if len(record) < _RECORD:
        return None
    body = record[:_BODY]
    if struct.unpack("<I", record[_BODY:])[0] != binascii.crc32(body):
        return None
    boot, seq, at_ms, is_dated, occupied, battery_pct, rssi = struct.unpack(_FORM, body)
    return Reading(
        boot,
        seq,
        at_ms,
        bool(is_dated),
        None if occupied == _NOTHING else bool(occupied),
        None if battery_pct == _NOTHING else battery_pct,
        None if rssi == _NO_RSSI else rssi,
    )


class Store:
    """First in, first out. `dropped` counts the oldest that gave way since this boot."""

    def __init__(self, folder, most_segments=MOST_SEGMENTS):
        self.dropped = 0
        self._folder = folder
        self._most = most_segments
        try:
            os.mkdir(folder)
        except OSError:
            pass  # it is there
        self._segments = sorted(int(name[:8]) for name in os.listdir(folder) if name.endswith(".log"))
        self._last = self._segments[-1] if self._segments else 0
        self._tail_room = 0  # a segment of before the power cut may end in half a record: never add to it
        self._head = None

    @property
    def is_empty(self):
        """Whether nothing waits here, not even for its confirmation."""
        return not self._segments

    def append(self, readings):
        """Keep readings, in flash when it returns. Raises OSError where it took not all: the oldest have made room."""
        while readings:
            if not self._tail_room:
                self._begin()
            some, readings = readings[: self._tail_room], readings[self._tail_room :]
            room, self._tail_room = self._tail_room, 0
            try:
                with open(self._path(self._last), "ab") as file:
                    file.write(b"".join([packed(reading) for reading in some]))
                    file.flush()
            except OSError:
                self._drop_oldest()
                raise
            self._tail_room = room - len(some)

    def take(self):
        """The oldest reading not yet taken and its segment, for `confirm`; None: nothing until more is confirmed."""
        while self._head is None and self._segments:
            self._load(self._segments[0])
        if self._head is None or self._head.at >= self._head.count:
            return None
        reading = self._head.reading()
        return reading, self._head.number

    def confirm(self, number):
        """One reading of this segment has arrived; with its last one the segment goes."""
        head = self._head
        if head is None or head.number != number:
            return  # it had to give way meanwhile
        head.confirmed += 1
        if head.confirmed == head.count:
            self._remove(number)

    def _begin(self):
        while len(self._segments) >= self._most:
            self._drop_oldest()
        self._last += 1
        self._segments.append(self._last)
        self._tail_room = PER_SEGMENT

    def _drop_oldest(self):
        if self._head is None:
            self._load(self._segments[0])
        if self._head is not None:
            self.dropped += self._head.count - self._head.at
            self._remove(self._head.number)

    def _load(self, number):
        """Make this segment the one that is read; one without a whole record goes at once."""
        if number == self._last:
            self._tail_room = 0
        try:
            with open(self._path(number), "rb") as file:
                head = _Segment(number, file.read())
        except OSError:
            head = _Segment(number, b"")
        if head.count:
            self._head = head
        else:
            self._remove(number)

    def _remove(self, number):
        self._head = None
        self._segments.remove(number)
        try:
            os.remove(self._path(number))
        except OSError:
            pass  # never written

    def _path(self, number):
        return f"{self._folder}/{number:08d}.log"


class _Segment:
    """The segment that is being read."""

    def __init__(self, number, data):
        self.number = number
        self.at = 0
        self.confirmed = 0
        self.count = 0
        self._data = data
        while unpacked(self._record(self.count)) is not None:
            self.count += 1

    def reading(self):
        reading = unpacked(self._record(self.at))
        self.at += 1
        return reading

    def _record(self, place):
        return self._data[place * _RECORD : (place + 1) * _RECORD]
