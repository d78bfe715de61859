"""Where a server is. The name service holds the main loop up, for seconds where it is silent: it is asked seldom."""

import errno
import socket


class Server:
    """A host and a port; an IP address is found without waiting.

    What was found is kept. It is looked up anew while it is in doubt, each time `backoff` after the last look-up's end.
    """

    def __init__(self, address, kind, backoff, uptime_ms):
        self._address = address
        self._kind = kind
        self._backoff = backoff
        self._uptime_ms = uptime_ms
        self._found = None
        self._is_in_doubt = True
        self._next_ms = 0

    def found(self):
        """(family, kind, protocol, address); may take seconds. Raises OSError while nothing was ever found."""
        if self._is_in_doubt and self._uptime_ms() >= self._next_ms:
            self._look_up()
        if self._found is None:
            raise OSError(errno.EHOSTUNREACH)
        return self._found

    def answered(self):
        """It is where it was found."""
        self._is_in_doubt = False
        self._backoff.reset()

    def doubt(self):
        """It did not answer: it may be elsewhere by now."""
        self._is_in_doubt = True

    def _look_up(self):
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(*self._address, 0, self._kind)[0]
            self._found = family, kind, protocol, address
            self._is_in_doubt = False
        except OSError:
            if self._found is None:
                raise
        finally:
            self._next_ms = self._uptime_ms() + self._backoff.delay_ms()
