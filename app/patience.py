"""How long PostgreSQL may say nothing: its own limits, of statements and locks, hold while it lives and is reached."""

from __future__ import annotations

from typing import Any

from psycopg import Connection, OperationalError

# What libpq has the kernel ask, of a peer that is gone with its network: unheard for so long it counts as lost.
SOCKET_LIMITS = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}


class ImpatientConnection(Connection[Any]):
    """A connection that is given up where an answer does not come: also where the peer's kernel still confirms what is
    sent, as that of a server that is frozen, or of something between that passes nothing on."""

    # In seconds; more than the server's own limit of a statement, which it tells of itself. None: none.
    answers_within: float | None = 40.0

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """As psycopg's, within the limit; raises OperationalError."""
        limit = self.answers_within if timeout is None else timeout
        try:
            return super().wait(gen, interval=interval, timeout=limit)
        except OperationalError as error:
            # What the server says has a code; of what it does not say, no answer will ever be told from a later one.
            if timeout is not None or error.sqlstate is not None or self.closed:
                raise
            self.pgconn.finish()
            raise OperationalError(f"no answer for {limit:g} s, or none that can be read: {error}") from error
