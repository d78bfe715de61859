"""How often each caller called lately: what the limits of calls are counted by, in each web process."""

from __future__ import annotations

from threading import Lock

from limits.storage import Storage

from app.clock import system_clock

KEPT_AT_MOST = 10_000
NOTHING = (0, 0.0, 0.0)


class CallCounts(Storage):
    """Counts per key until their window ends, in memory.

    As limits' own MemoryStorage, which starts a thread with almost every call to forget old counts: that took as long
    as reading the caller's token. Here the ended ones are swept out when there are many.
    """

    STORAGE_SCHEME = ["process"]  # noqa: RUF012 - as limits declares it

    def __init__(self, uri: str | None = None, wrap_exceptions: bool = False, **options: float | str | bool):
        super().__init__(uri, wrap_exceptions, **options)
        # key → calls, beginning and end of the window in seconds of the epoch
        self._counts: dict[str, tuple[int, float, float]] = {}
        self._lock = Lock()

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        now = system_clock().timestamp()
        with self._lock:
            count, begins, ends = self._counts.get(key, NOTHING)
            # One that begins later than now was opened by a clock that was ahead.
            if not begins <= now < ends:
                count, begins, ends = 0, now, now + expiry
                self._sweep(now)
            self._counts[key] = (count + amount, begins, ends)
        return count + amount

    def get(self, key: str) -> int:
        count, begins, ends = self._counts.get(key, NOTHING)
        return count if begins <= system_clock().timestamp() < ends else 0

    def get_expiry(self, key: str) -> float:
        now = system_clock().timestamp()
        _count, begins, ends = self._counts.get(key, NOTHING)
        return ends if begins <= now < ends else now

    def check(self) -> bool:
        return True

    def reset(self) -> int:
        with self._lock:
            count = len(self._counts)
            self._counts.clear()
        return count

    def clear(self, key: str) -> None:
        with self._lock:
            self._counts.pop(key, None)

    def _sweep(self, now: float) -> None:
        """Forget what has ended, once there is much; of what has not, whoever called least, so that memory has a bound
        and a crowd of callers made up does not wipe out the count of one that is near its limit. A tenth at least goes
        at once: sweeping costs little a call."""
        if len(self._counts) < KEPT_AT_MOST:
            return
        open_ones = [one for one in self._counts.items() if one[1][1] <= now < one[1][2]]
        open_ones.sort(key=lambda one: one[1][:2])
        self._counts = dict(open_ones[-(KEPT_AT_MOST * 9 // 10) :])
