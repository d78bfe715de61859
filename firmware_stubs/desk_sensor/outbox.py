"""What is still to be told: new readings in memory, older ones in flash, the last minute at a new connection.

A broker confirms before it saves: what it confirmed is kept where it was until it is safe there, and told again on the
next connection.
"""

from desk_sensor.store import Confirmed

_SAVE_MS = 60_000
_SAVE_COUNT = 32
_MOST = 2 * _SAVE_COUNT
# With a hold of 2 s or more no minute has more changes; what is more often told is kept no longer than this.
_MOST_RECENT = 64


class _Live:
    """A reading that is in memory."""

    def __init__(self, reading, since_ms):
        self.reading = reading
        self.since_ms = since_ms
        self.confirmed = Confirmed()


class Outbox:
    """Gives readings out, oldest first, until they are confirmed.

    Flash is written when 32 wait, or one for a minute while offline: those and that minute are what a power cut can
    cost; and where the broker falls too, what it confirmed of live readings in its last minute.
    """

    def __init__(self, store):
        self._store = store
        self._new = []
        self._out = []  # given out for the first time, not confirmed, not in flash
        self._recent = []  # confirmed on this connection, not safe yet
        self._again = []  # the same of earlier connections
        self._is_repeat_first = True
        self._has_told_news = False  # on this connection
        self._lost = 0
        self._may_save_ms = 0

    @property
    def dropped(self):
        """How many readings found no room, or were damaged in flash, since this boot."""
        return self._store.dropped + self._lost

    @property
    def waiting(self):
        """How many wait in memory."""
        return len(self._new)

    @property
    def is_empty(self):
        """Whether all is told and confirmed."""
        return not (self._new or self._out or self._again) and self._store.is_empty

    def add(self, reading, now_ms):
        """Take in a new reading; where the flash has been refusing, the oldest in memory gives way."""
        self._new.append(_Live(reading, now_ms))
        if len(self._new) > _MOST:
            del self._new[0]
            self._lost += 1

    def take(self):
        """The next reading to tell and where it came from, for `confirm`; None: nothing for now."""
        if self._is_repeat_first:
            return self._take_again() or self._take_new()
        return self._take_new() or self._take_again()

    def _take_again(self):
        found = self._store.take(True)
        if found is None and self._again:
            live = self._again.pop(0)
            return live.reading, live
        return found

    def _take_new(self):
        found = self._store.take(False)
        if found is None and self._new:
            live = self._new.pop(0)
            self._out.append(live)
            return live.reading, live
        return found

    def confirm(self, token, now_ms):
        """The broker has it. `token` is what `take` returned."""
        _, source = token
        if not isinstance(source, _Live):
            if self._store.confirm(source, now_ms):
                self._has_told_news = True
            return
        if not source.confirmed.times:
            self._out = [live for live in self._out if live is not source]
            self._has_told_news = True
        source.confirmed.again(now_ms)
        self._recent.append(source)
        if len(self._recent) > _MOST_RECENT:
            del self._recent[0]

    def settle(self, heard_ms):
        """The broker that confirmed has answered then: what is safe there is kept no longer."""
        self._store.settle(heard_ms)
        self._recent = [live for live in self._recent if not live.confirmed.is_safe(heard_ms)]

    def connection_lost(self, heard_ms):
        """A broker that fell may have lost what it confirmed in its last minute: tell it again, oldest first.

        After a connection too short for anything new, the new goes first: one that breaks all the time gets on too.
        """
        self.settle(heard_ms)
        self._again = sorted(self._again + self._recent, key=lambda live: live.reading.seq)[-_MOST_RECENT:]
        self._recent = []
        self._is_repeat_first = self._has_told_news
        self._has_told_news = False
        self._store.repeat(from_mark=not self._is_repeat_first)

    def save(self, now_ms, is_online):
        """Write to flash what has to go there by now; a flash that refuses is asked again after a minute."""
        waiting = self._new if is_online else self._out + self._new
        is_due = len(self._new) >= _SAVE_COUNT or (
            not is_online and waiting and now_ms - waiting[0].since_ms >= _SAVE_MS
        )
        if not is_due or now_ms < self._may_save_ms:
            return
        try:
            self._store.append([live.reading for live in waiting])
        except OSError:
            self._may_save_ms = now_ms + _SAVE_MS
            return
        self._new = []
        if not is_online:
            self._out = []
