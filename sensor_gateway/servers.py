"""Servers of our own as processes of their own: a port for each, and no life beyond its owner's."""

from __future__ import annotations

import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path


def can_listen(port: int, host: str = "127.0.0.1") -> bool:
    """Whether this machine's port can be listened on."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nobody listens on, below the range from which outgoing connections take theirs.

    A port given out by the kernel (bind to 0) comes from that range: while a server restarts, any
    outgoing connection could take it.
    """
    for port in random.sample(range(20_000, 32_000), 200):
        if can_listen(port, host):
            return port
    raise OSError("no free port between 20000 and 32000")


def start_server(
    command: Sequence[str],
    *,
    output: Path,
    account: str | None = None,
    environment: Mapping[str, str] | None = None,
    at_owner_end: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a server that outlives a Ctrl-C in the terminal (its owner stops it) but not its owner's death.

    Its owner is the thread that calls. `setpriv` rather than `preexec_fn`, which can deadlock in a process with
    threads; where there is none, a killed owner leaves the server behind.
    """
    setpriv = shutil.which("setpriv")
    with_owner = [setpriv, "--pdeathsig", at_owner_end.name.removeprefix("SIG"), "--"] if setpriv else []
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        return subprocess.Popen(
            [*with_owner, *command],
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            start_new_session=True,
            env=environment,
            user=account,
            group=pwd.getpwnam(account).pw_gid if account else None,
            extra_groups=[] if account else None,
        )
    finally:
        os.close(descriptor)
