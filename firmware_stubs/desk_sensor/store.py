"""Readings that wait in flash: bounded, whole after a power cut, and written seldom.

A folder of segments, `00000001.log` upwards, each with up to 128 records of one length, each with a checksum. Records
are only ever added, a batch at a time, and a segment goes once all in it is safe with the broker: no place is written
twice. What is there after a power cut is told again; the server knows it by boot and seq.
"""

import binascii
import errno
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

_MINUTE_MS = 60_000
_SAVING_MS = 10_000  # a broker of ours saves every 5 s
_ENOUGH = 5  # times


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


class Confirmed:
    """When a broker confirmed something: first, last, and how often."""

    def __init__(self):
        self.first_ms = self.last_ms = None
        self.times = 0

    def again(self, now_ms):
        """It was confirmed once more, on another connection or over several."""
        if not self.times:
            self.first_ms = now_ms
        self.last_ms = now_ms
        self.times += 1

    def is_safe(self, heard_ms):
        """Whether the broker has saved it by `heard_ms`, when it last answered on the connection of the last time.

        A minute must have passed since the first time, and ten seconds since the last; or that was the fifth, so that
        there is an end where no connection holds.
        """
        return heard_ms - self.first_ms > _MINUTE_MS and (
            heard_ms - self.last_ms > _SAVING_MS or self.times >= _ENOUGH
        )


class Store:
    """First in, first out; `repeat` has all told again that is still here."""

    def __init__(self, folder, most_segments=MOST_SEGMENTS):
        self._folder = folder
        self._most = most_segments
        try:
            os.mkdir(folder)
        except OSError:
            pass  # it is there
        self._segments = sorted(int(name[:8]) for name in os.listdir(folder) if name.endswith(".log"))
        self._last = self._segments[-1] if self._segments else 0
        self._tail_room = 0  # a segment of before the power cut may end in half a record: never add to it
        self._head = None  # the one that is read
        self._given = {}  # by number: begun, not all confirmed
        self._told = {}  # by number: to its end on this connection; whether that was enough of it for this one
        self._confirmed = {}  # by number: all of it, on this connection or earlier ones
        self._unreadable = set()
        self._mark = 0, 0  # segment and place in it: all before was confirmed once
        self._from_mark = False
        self._again = 0, 0  # before the mark: where telling it again broke
        self._gave_way = 0
        self._damaged = {}  # by number: how many records

    @property
    def dropped(self):
        """How many gave way or were damaged since this boot."""
        return self._gave_way + sum(self._damaged.values())

    @property
    def is_empty(self):
        """Whether nothing waits here, not even for its confirmation."""
        return not self._given and not self._waiting()

    def append(self, readings):
        """Keep readings, in flash when it returns.

        Raises OSError where it took not all: they are the caller's still, and the oldest here have made room.
        """
        while readings:
            is_new = not self._tail_room
            if is_new:
                self._begin()
            room, self._tail_room = self._tail_room, 0
            try:
                with open(self._path(self._last), "ab") as file:
                    file.write(b"".join([packed(reading) for reading in readings[:room]]))
                    file.flush()
            except OSError:
                if not is_new:
                    continue  # what it had stays; a new one may be taken
                self._remove(self._last)
                if len(self._segments) > 1:  # the last of all would make room for no more than it is
                    self._drop_oldest()
                raise
            self._tail_room = max(room - len(readings), 0)
            readings = readings[room:]

    def take(self, is_repeat):
        """The oldest reading to be told for the first time, or again, and what `confirm` wants; None: there is none."""
        while self._head is None:
            waiting = [number for number in self._waiting() if (number < self._mark[0]) is is_repeat]
            if not waiting:
                return None
            self._load(waiting[0], is_repeat)
        head = self._head
        if head.is_repeat is not is_repeat:
            return None
        reading = head.reading(head.at)
        token = head, head.at
        head.at += 1
        if head.at == head.count:
            self._head = None
        return reading, token

    def confirm(self, token, now_ms):
        """This reading has arrived: whether for the first time."""
        segment, place = token
        number = segment.number
        is_last = place + 1 == segment.count
        after = (number + 1, 0) if is_last else (number, place + 1)
        is_first = after > self._mark
        if is_first:
            self._mark = after
        if self._given.get(number) is segment:  # else it gave way meanwhile, or is told again
            segment.unconfirmed -= 1
            if not segment.unconfirmed:
                del self._given[number]
                self._told_to_its_end(segment, now_ms)
        return is_first

    def _told_to_its_end(self, segment, now_ms):
        confirmed = self._confirmed.setdefault(segment.number, Confirmed())
        if segment.number in self._told:
            confirmed.last_ms = now_ms  # its rest, then all of it: one connection counts once
        else:
            confirmed.again(now_ms)
        self._told[segment.number] = segment.is_whole or confirmed.is_safe(now_ms)

    def settle(self, heard_ms):
        """The broker of this connection has answered then: what is safe with it goes."""
        for number in [number for number in self._told if self._is_safe(number, heard_ms)]:
            self._remove(number)

    def _is_safe(self, number, heard_ms):
        return self._told[number] and self._confirmed[number].is_safe(heard_ms)

    def repeat(self, from_mark):
        """All that is here is to be told again; with `from_mark` the first of it is what was never confirmed.

        What was being told again goes on where it broke, so that short connections too come to a segment's end.
        """
        broken = [(number, segment.told) for number, segment in self._given.items() if segment.is_repeat]
        self._again = min(broken or [self._again])
        self._head = None
        self._given = {}
        self._told = {}
        self._unreadable = set()
        self._from_mark = from_mark

    def _waiting(self):
        apart = (self._given, self._unreadable)
        return [
            number
            for number in self._segments
            if not (self._told.get(number) or any(number in some for some in apart))
        ]

    def _begin(self):
        while len(self._segments) >= self._most:
            self._drop_oldest()
        self._last += 1
        self._segments.append(self._last)
        self._tail_room = PER_SEGMENT

    def _drop_oldest(self):
        """Make room: of what is confirmed, else of what waits longest."""
        number = min(self._confirmed or self._segments)
        if number >= self._mark[0]:
            self._gave_way += self._never_given(number)
        self._remove(number)

    def _never_given(self, number):
        try:
            segment = self._given.get(number) or self._read(number)
        except OSError:
            return PER_SEGMENT  # at most
        given = max(segment.at, self._mark[1] if number == self._mark[0] else 0)
        return max(segment.count - given, 0)

    def _load(self, number, is_repeat):
        """Make this segment the one that is read; one without a whole record goes at once."""
        try:
            head = self._read(number)
        except OSError:
            self._unreadable.add(number)  # until the next connection
            return
        if not head.count:
            self._remove(number)
            return
        if self._from_mark and number == self._mark[0]:
            head.begin(self._mark[1])
        elif number == self._again[0]:
            head.begin(self._again[1])
            self._again = 0, 0
        head.is_repeat = is_repeat
        self._head = self._given[number] = head

    def _read(self, number):
        """Raises OSError where there is something that cannot be read now."""
        if number == self._last:
            self._tail_room = 0
        data = b""
        try:
            with open(self._path(number), "rb") as file:
                data = file.read()
        except OSError as error:
            if error.errno != errno.ENOENT:  # else never written
                raise
        segment = _Segment(number, data)
        if segment.damaged:
            self._damaged[number] = segment.damaged
        return segment

    def _remove(self, number):
        if self._head is not None and self._head.number == number:
            self._head = None
        self._given.pop(number, None)
        self._told.pop(number, None)
        self._confirmed.pop(number, None)
        self._segments.remove(number)
        try:
            os.remove(self._path(number))
        except OSError:
            pass  # never written

    def _path(self, number):
        return f"{self._folder}/{number:08d}.log"


class _Segment:
    """A segment that is told: its whole records, those damaged left out."""

    def __init__(self, number, data):
        self.number = number
        self.is_repeat = False
        self._data = data
        length = len(data) // _RECORD
        self._places = [place for place in range(length) if unpacked(self._record(place)) is not None]
        self.count = len(self._places)
        self.damaged = length - self.count
        self.begin(0)

    def begin(self, place):
        self.at = min(place, self.count - 1) if place else 0  # fewer may be whole by now than were confirmed
        self.unconfirmed = self.count - self.at
        self.is_whole = self.at == 0

    @property
    def told(self):
        """Up to which place it is told and confirmed."""
        return self.count - self.unconfirmed

    def reading(self, place):
        return unpacked(self._record(self._places[place]))

    def _record(self, place):
        return self._data[place * _RECORD : (place + 1) * _RECORD]
