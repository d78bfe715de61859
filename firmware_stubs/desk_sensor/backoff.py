"""How long to wait before trying again: doubling, and never in step with the other desks."""


class Backoff:
    """Delays in ms from `first_ms` up to `most_ms`; `random` returns a number in [0, 1)."""

    def __init__(self, first_ms, most_ms, random):
        self._first_ms = first_ms
        self._most_ms = most_ms
        self._random = random
        self._next_ms = first_ms

    def delay_ms(self):
        """The next delay: between half of the step and all of it."""
        step_ms = self._next_ms
        self._next_ms = min(2 * step_ms, self._most_ms)
        return int(step_ms * (1 + self._random()) / 2)

    def reset(self):
        """What was tried has worked."""
        self._next_ms = self._first_ms
