"""Keeps a station interface connected, trying again ever more slowly."""

_TRY_MS = 15_000


class Wifi:
    """`wlan` is a `network.WLAN`; times are ms of uptime."""

    def __init__(self, wlan, ssid, password, backoff):
        self._wlan = wlan
        self._ssid = ssid
        self._password = password
        self._backoff = backoff
        self._next_ms = 0
        self._is_trying = False

    def turn(self, now_ms):
        """Whether there is a connection; begins or gives up a try as it is due. Never waits."""
        if self._wlan.isconnected():
            self._backoff.reset()
            self._is_trying = False
            self._next_ms = now_ms
            return True
        if now_ms >= self._next_ms:
            if self._is_trying:
                self._wlan.disconnect()
                self._next_ms = now_ms + self._backoff.delay_ms()
                self._is_trying = False
            else:
                self._try()
                self._next_ms = now_ms + _TRY_MS
        return False

    def _try(self):
        self._is_trying = True
        try:
            self._wlan.connect(self._ssid, self._password)
        except OSError:
            pass  # the driver refuses now and then; the next try is on its way
