"""A real PostgreSQL in a temporary folder, for the time of a test run."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from itertools import count
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from sensor_gateway.servers import free_port, start_server
from tests.servers.requirements import need

_START_SECONDS = 60.0
_STOP_SECONDS = 30.0
_OWNER = "akiseki"

_SETTINGS = """
listen_addresses = '127.0.0.1'
max_connections = 200
timezone = 'UTC'
log_timezone = 'UTC'
jit = off
dynamic_shared_memory_type = mmap
"""
# Nothing here is to survive a power cut, only a killed process, so the disk need not be waited for.
_FAST = """
fsync = off
synchronous_commit = off
full_page_writes = off
max_wal_size = 128MB
"""
_MEMORY = Path("/dev/shm")
_MEMORY_BYTES = 2_000_000_000


class PostgresServer:
    """A PostgreSQL server on a free port of this machine; `durable` makes it write to disk as in production.

    Its folder is its own and goes when the `with` block ends; `stop`, `kill9` and `start` keep it.
    """

    def __init__(self, *, durable: bool = False) -> None:
        self._programs = need("postgresql")
        # PostgreSQL refuses to run as root, and root's other temporary folders are closed to everybody else.
        self._account = unprivileged_account() if os.geteuid() == 0 else None
        self._folder = Path(tempfile.mkdtemp(prefix="akiseki-pg-", dir=None if durable else _fast_folder()))
        if self._account is not None:
            shutil.chown(self._folder, user=self._account)
        self._data = self._folder / "data"
        self._log = self._folder / "postgres.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._names = count(1)
        self.port = free_port()
        self._initialise(_SETTINGS if durable else _SETTINGS + _FAST)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        shutil.rmtree(self._folder)

    def url(self, database: str) -> str:
        """The address of a database, as `AKISEKI_DATABASE_URL` wants it."""
        return f"postgresql+psycopg://{_OWNER}@127.0.0.1:{self.port}/{database}"

    def create_database(self, template: str | None = None) -> str:
        """Make an empty database, or a copy of the one with the address `template`, and return its address.

        Nobody may be connected to the template.
        """
        name = f"test_{next(self._names)}"
        source = sql.Identifier((template and make_url(template).database) or "template0")
        self._execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), source))
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Remove a database, whoever is still connected to it."""
        name = sql.Identifier(make_url(url).database or "")
        self._execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))

    def start(self) -> None:
        """Start, recover what there is to recover, and wait until queries are answered."""
        deadline = monotonic() + _START_SECONDS
        self._process = self._launch()
        while monotonic() < deadline:
            with suppress(psycopg.OperationalError):
                self._execute(sql.SQL("SELECT 1"))
                return
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(0.02)
                # After a kill the last of the old backends may hold the shared memory for a moment longer.
                self._process = self._launch()
        self.kill9()
        raise RuntimeError(f"PostgreSQL did not start:\n{self._log.read_text(errors='replace')[-2000:]}")

    def stop(self) -> None:
        """End every connection, then the server, with nothing to recover."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(_STOP_SECONDS)
            self._process = None

    def kill9(self) -> None:
        """End the server and all its backends as a crash does."""
        if self._process is None:
            return
        backends = _children(self._process.pid)
        for pid in [self._process.pid, *backends]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def _initialise(self, settings: str) -> None:
        done = subprocess.run(
            [
                *[str(self._programs / "initdb"), "-D", str(self._data), "-U", _OWNER],
                *["--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"],
            ],
            user=self._account,
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"initdb failed: {done.stderr}")
        with (self._data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(f"{settings}port = {self.port}\nunix_socket_directories = '{self._folder}'\n")

    def _launch(self) -> subprocess.Popen[bytes]:
        command = [str(self._programs / "postgres"), "-D", str(self._data)]
        # SIGINT asks for a fast shutdown; on SIGTERM it would wait for its clients.
        return start_server(command, output=self._log, account=self._account, at_owner_end=signal.SIGINT)

    def _execute(self, statement: sql.SQL | sql.Composed) -> None:
        with psycopg.connect(
            host="127.0.0.1", port=self.port, user=_OWNER, dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(statement)


def _fast_folder() -> Path | None:
    """Memory, where there is enough of it: copying a database's hundreds of files takes 25 ms there, 300 on a disk."""
    if os.access(_MEMORY, os.W_OK | os.X_OK) and shutil.disk_usage(_MEMORY).free > _MEMORY_BYTES:
        return _MEMORY
    return None


def unprivileged_account() -> str:
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in known)


def _children(pid: int) -> list[int]:
    """The processes that a process started; backends leave its process group, so the group does not tell."""
    children = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            _, _, after_name = stat.read_text(errors="replace").rpartition(")")
            if int(after_name.split()[1]) == pid:
                children.append(int(stat.parent.name))
    return children
