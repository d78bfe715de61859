"""From what the hardware sees at this moment to what is told of the seat; pure, times in ms of uptime."""

# A radar that is silent for a moment is no fault yet.
_FAULT_MS = 5_000
# Between two looks that are farther apart nobody looked: that time counts neither as presence nor as absence.
BLIND_MS = 1_000


class Debounce:
    """Occupied after `on_ms` of presence without a break, vacant after `hold_ms` without any, None after a fault."""

    def __init__(self, on_ms, hold_ms):
        self.hold_ms = hold_ms
        self.state = None
        self._on_ms = on_ms
        self._seen = None
        self._since_ms = 0
        self._looked_ms = 0

    def update(self, seen, now_ms):
        """Take in what is seen now (True, False, None: the hardware says nothing) and return what is told."""
        unseen_ms = now_ms - self._looked_ms
        self._looked_ms = now_ms
        if seen is not self._seen:
            self._seen = seen
            self._since_ms = now_ms
        elif unseen_ms > BLIND_MS:
            self._since_ms += unseen_ms
        lasted_ms = now_ms - self._since_ms
        if seen is None:
            if lasted_ms >= _FAULT_MS:
                self.state = None
        elif seen:
            if lasted_ms >= self._on_ms:
                self.state = True
        elif self.state is not True or lasted_ms >= self.hold_ms:
            self.state = False
        return self.state
