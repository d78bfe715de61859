"""What is still to be told: new readings in memory, older ones in flash, the last minute at a new connection."""

_SAVE_MS = 60_000
_SAVE_COUNT = 32
_MOST = 2 * _SAVE_COUNT
_MINUTE_MS = 60_000
_MOST_RECENT = 32

_NEW, _AGAIN = -1, -2  # where a reading came from; else the number of its segment


class Outbox:
    """Gives readings out, oldest first, until they are confirmed.

    Flash is written when 32 wait, or one for a minute while offline: that minute is what a power cut can cost.
    """

    def __init__(self, store):
        self._store = store
        self._new = []  # (reading, since)
        self._out = []  # the same: given out, not confirmed, not in flash
        self._recent = []  # (confirmed at, reading)
        self._again = []
        self._lost = 0
        self._may_save_ms = 0

    @property
    def dropped(self):
        """How many readings of this boot found no room."""
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
        self._new.append((reading, now_ms))
        if len(self._new) > _MOST:
            del self._new[0]
            self._lost += 1

    def take(self):
        """The next reading to tell and where it came from, for `confirm`; None: nothing for now."""
        if self._again:
            return self._again.pop(0), _AGAIN
        found = self._store.take()
        if found is not None or not self._store.is_empty:
            return found
        if not self._new:
            return None
        self._out.append(self._new.pop(0))
        return self._out[-1][0], _NEW

    def confirm(self, token, now_ms):
        """The broker has it. `token` is what `take` returned."""
        reading, source = token
        if source == _AGAIN:
            return
        if source != _NEW:
            self._store.confirm(source)
        else:
            self._out = [one for one in self._out if one[0] != reading]
        self._recent.append((now_ms, reading))
        if len(self._recent) > _MOST_RECENT:
            del self._recent[0]

    def connection_lost(self, heard_ms):
        """A broker that fell may have lost what it confirmed in its last minute, up to 32 readings: tell it again."""
        for at_ms, reading in self._recent:
            if at_ms >= heard_ms - _MINUTE_MS and reading not in self._again:
                self._again.append(reading)

    def save(self, now_ms, is_online):
        """Write to flash what has to go there by now; a flash that refuses is asked again after a minute."""
        waiting = self._new if is_online else self._out + self._new
        is_due = len(self._new) >= _SAVE_COUNT or (
            not is_online and waiting and now_ms - waiting[0][1] >= _SAVE_MS
        )
        if not is_due or now_ms < self._may_save_ms:
            return
        try:
            self._store.append([reading for reading, _ in waiting])
        except OSError:
            self._may_save_ms = now_ms + _SAVE_MS
            return
        self._new = []
        if not is_online:
            self._out = []
