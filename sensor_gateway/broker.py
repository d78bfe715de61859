"""The product's own MQTT broker: Mosquitto with a private configuration, one password per device.

`akiseki up`, `akiseki demo` and the tests start a `Broker`; a site that runs its own Mosquitto gets the same
configuration, ACL and password file from the functions here. Where Mosquitto is not installed an embedded
broker takes its place, for trying out only (see `embedded_broker`).
"""

import base64
import hashlib
import hmac
import ipaddress
import json
import logging
import os
import re
import resource
import secrets
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Literal, Self
from urllib.parse import quote

from sensor_gateway.private_files import write_private
from sensor_gateway.servers import can_listen, free_port, start_server

log = logging.getLogger(__name__)

GATEWAY_USER = "gateway"

# 50 minutes of 10,000 sensors that report once a minute. Full, it takes 250 MB of memory and stalls Mosquitto 0.6 s
# at every save, since it always writes the whole queue (measured with 2.0.11); a larger one would be felt.
MAX_QUEUED_MESSAGES = 500_000
MAX_QUEUED_BYTES = 500_000_000
# A gateway on MQTT 5 states its own Receive Maximum; this one counts for 3.1.1.
MAX_INFLIGHT_MESSAGES = 1_000
# A reading has about 200 bytes. The rest of the room is for a broken device, whose message is to be seen, not refused.
MAX_PACKET_BYTES = 2_000_000
MAX_LOG_BYTES = 5_000_000
OWN_CLIENT_ID = "use_username_as_clientid true"  # of a listener

_ROUNDS = 101
_HASHED = re.compile(r"\$7\$\d+\$[A-Za-z0-9+/]{16}\$[A-Za-z0-9+/]{86}==")

_START_SECONDS = 30.0
_STOP_SECONDS = 30.0


class BrokerError(RuntimeError):
    """The broker could not be started; the message holds what it said itself."""


@dataclass(frozen=True)
class Grant:
    """What a user may do: read (subscribe and receive) or write (publish) the topics under a filter."""

    access: Literal["read", "write"]
    topic: str


@dataclass(frozen=True)
class Tls:
    """The broker's certificate and key. `ca`: who signs the devices' own certificates, whose common name is then the
    user, instead of a password; `crl`: which of them it has revoked."""

    cert: Path
    key: Path
    ca: Path | None = None
    crl: Path | None = None

    @property
    def lines(self) -> Sequence[str]:
        """What Mosquitto's listener is told."""
        own = [f"certfile {self.cert}", f"keyfile {self.key}", "tls_version tlsv1.2"]
        by_certificate = [f"cafile {self.ca}", "require_certificate true", "use_identity_as_username true"]
        revoked = [f"crlfile {self.crl}"] if self.crl else []
        return own + (by_certificate + revoked if self.ca else [])


# %u is the user's name, which is the sensor's id.
DEVICE_GRANTS = (
    Grant("write", "akiseki/v1/%u/reading"),
    Grant("write", "akiseki/v1/%u/status"),
    Grant("read", "akiseki/v1/%u/config"),
)
# `#` leaves out $SYS, where the broker says how long its queues are.
GATEWAY_GRANTS = (
    Grant("read", "#"),
    Grant("read", "$SYS/#"),
    # To devices, and to itself (`topics.own_topic`).
    Grant("write", "akiseki/v1/+/config"),
    # To ask nodes that speak Sparkplug for the names behind their numbers.
    Grant("write", "spBv1.0/+/NCMD/+"),
)


def password_hash(password: str) -> str:
    """What Mosquitto's password file holds for a password (PBKDF2-SHA512, as `mosquitto_passwd` writes it).

    101 rounds are Mosquitto's own default: the passwords here are random, so stretching them adds nothing, and
    10,000 devices take a second.
    """
    salt = secrets.token_bytes(12)  # Mosquitto 2.0 reads no other length than 12 and 64
    return "$".join(["", "7", str(_ROUNDS), _base64(salt), _base64(_stretched(password, salt, _ROUNDS))])


def password_matches(password: str, hashed: str) -> bool:
    """Whether a password is the one that was hashed."""
    _, _, rounds, salt, digest = hashed.split("$")
    return hmac.compare_digest(_base64(_stretched(password, base64.b64decode(salt), int(rounds))), digest)


def password_line(user: str, password: str) -> str:
    """A user's line in Mosquitto's password file; a password that is hashed already is taken as it is.

    Raises ValueError for a name that would mean something else in a topic or a file.
    """
    if (
        not user
        or not user.isprintable()
        or any(character in ":/+#%" or character.isspace() for character in user)
    ):
        raise ValueError(f"not usable as a broker's user name: {user!r}")
    return f"{user}:{password if _HASHED.fullmatch(password) else password_hash(password)}"


def acl(grants: Mapping[str, Sequence[Grant]]) -> str:
    """Mosquitto's access list: what each named user may do, and what every device may do with its own topics.

    Named users are the gateway and what speaks for many devices at once, such as a LoRaWAN network server.
    """
    lines = [f"pattern {grant.access} {grant.topic}" for grant in DEVICE_GRANTS]
    for user, granted in grants.items():
        lines += ["", f"user {user}", *(f"topic {grant.access} {grant.topic}" for grant in granted)]
    return "\n".join(lines) + "\n"


def mosquitto_conf(
    *,
    folder: Path,
    host: str,
    port: int,
    run_as: str | None = None,
    tls: Tls | None = None,
    plain: tuple[str, int] | None = None,
) -> str:
    """Mosquitto's configuration for a broker that keeps everything in `folder`.

    `plain`: (address, port) of a second listener without TLS, beside the one with it. `run_as` names the account that
    Mosquitto changes to when root starts it; None leaves the line out.
    """
    lines = [
        "per_listener_settings false",
        f"listener {port} {host}",
        *(tls.lines if tls else ()),
        # A client is its user: no device can take over the gateway's session by naming its client id.
        OWN_CLIENT_ID,
        *((f"listener {plain[1]} {plain[0]}", OWN_CLIENT_ID) if plain else ()),
        "allow_anonymous false",
        f"password_file {folder / 'passwords'}",
        f"acl_file {folder / 'acl'}",
        # A will fires after one and a half times the keepalive: a device must not choose never (MQTT 5 obeys this).
        "max_keepalive 600",
        "persistence true",
        f"persistence_location {folder}/",
        # By time, not by count: saving on changes takes the rate from 9,000 to 580 a second as the queue grows.
        "autosave_interval 5",
        "autosave_on_changes false",
        # As long as raw readings are kept; a gateway away for longer finds no session and starts anew.
        "persistent_client_expiration 30d",
        # The default of 1,000 drops the newest readings, silently.
        f"max_queued_messages {MAX_QUEUED_MESSAGES}",
        f"max_queued_bytes {MAX_QUEUED_BYTES}",
        f"max_inflight_messages {MAX_INFLIGHT_MESSAGES}",
        # What zigbee2mqtt and others say with QoS 0 waits for the gateway, within these limits; of
        # `queue_qos0_messages` Mosquitto counts none.
        "upgrade_outgoing_qos true",
        f"max_packet_size {MAX_PACKET_BYTES}",
        f"log_dest file {folder / 'broker.log'}",
        "log_type error",
        "log_type warning",
        "log_type notice",
        "log_timestamp_format %Y-%m-%dT%H:%M:%S%z",
    ]
    if run_as is not None:
        lines.append(f"user {run_as}")
    return "\n".join(lines) + "\n"


def write_configuration(
    folder: Path,
    *,
    credentials: Mapping[str, str],
    grants: Mapping[str, Sequence[Grant]],
    host: str,
    port: int,
    run_as: str | None = None,
    tls: Tls | None = None,
    plain: tuple[str, int] | None = None,
) -> Path:
    """Write all that Mosquitto needs into a folder and return the file to start it with."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_users(folder, credentials=credentials, grants=grants)
    conf = folder / "mosquitto.conf"
    text = mosquitto_conf(folder=folder.resolve(), host=host, port=port, run_as=run_as, tls=tls, plain=plain)
    write_private(conf, text)
    return conf


def write_users(
    folder: Path, *, credentials: Mapping[str, str], grants: Mapping[str, Sequence[Grant]]
) -> None:
    """Write who may connect and what each may do; a running Mosquitto reads it again on SIGHUP."""
    lines = [password_line(user, password) for user, password in credentials.items()]
    write_private(folder / "passwords", "\n".join(lines) + "\n")
    write_private(folder / "acl", acl(grants))


def new_password() -> str:
    """A password for a device or the gateway: random, so that a device that is taken apart betrays only itself."""
    return secrets.token_urlsafe(24)


def find_mosquitto() -> Path | None:
    """Mosquitto's program, also where Debian puts it: outside the path of ordinary users."""
    search = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin"])
    found = shutil.which("mosquitto", path=search)
    return Path(found) if found else None


@dataclass
class Broker:
    """A broker in a process of its own, all of whose files are in `folder`; port 0 takes a free one at the first start.

    `credentials` maps each user to its password or its hash; a device's user is its sensor id. `grants` says what
    users may do who are not devices. After `stop()` or `kill()` it starts again on the same port, with what it had
    saved. Start it from a thread that lives as long as it should: on Linux the broker ends when that thread does.
    """

    folder: Path
    credentials: Mapping[str, str]
    host: str = "127.0.0.1"  # an IPv4 address; 0.0.0.0 lets real sensors in
    port: int = 0
    grants: Mapping[str, Sequence[Grant]] = field(default_factory=lambda: {GATEWAY_USER: GATEWAY_GRANTS})
    mosquitto: Path | None = field(default_factory=find_mosquitto)
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)
    _log_start: int = field(default=0, init=False, repr=False)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    @property
    def log_file(self) -> Path:
        return self.folder / "broker.log"

    def url(self, user: str) -> str:
        """Where and as whom a client connects, as `AKISEKI_MQTT_URL` wants it, of a user whose password is known."""
        return f"mqtt://{quote(user, safe='')}:{quote(self.credentials[user], safe='')}@{self._client_host}:{self.port}"

    def start(self) -> None:
        """Start and wait until it accepts connections. Raises BrokerError with the broker's own last words."""
        if self.running:
            raise BrokerError("the broker is already running")
        self.port = self.port or free_port(self.host)
        if not can_listen(self.port, self.host):
            raise BrokerError(f"port {self.port} on {self.host} is already in use")
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._rotate_log()
        self._log_start = self.log_file.stat().st_size if self.log_file.exists() else 0
        self._process = (
            self._start_embedded() if self.mosquitto is None else self._start_mosquitto(self.mosquitto)
        )
        if sys.platform == "linux":
            # One descriptor per device; the usual soft limit of 1,024 would turn the 1,000th away.
            _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.prlimit(self._process.pid, resource.RLIMIT_NOFILE, (most, most))
        self._wait_until_it_accepts(self._process)

    def stop(self) -> None:
        """End it so that it saves what it holds: sessions, queues, retained messages."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            log.warning("the broker did not end within %.0f s and was killed", _STOP_SECONDS)
            self.kill()
        self._process = None

    def kill(self) -> None:
        """End it as a power cut does: what came since the last save is lost."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def reload(self, credentials: Mapping[str, str]) -> None:
        """Take over new passwords, for instance of a sensor just bound, and begin a new log file once it is large.

        Connections stay. The embedded broker cannot do that: it restarts.
        """
        self.credentials = credentials
        if self._process is None:
            return
        if self.mosquitto is None:
            self.stop()
            self.start()
            return
        write_users(self.folder, credentials=credentials, grants=self.grants)
        self._rotate_log()
        self._process.send_signal(signal.SIGHUP)

    @property
    def _client_host(self) -> str:
        return "127.0.0.1" if ipaddress.ip_address(self.host).is_unspecified else self.host

    def _start_mosquitto(self, program: Path) -> subprocess.Popen[bytes]:
        conf = write_configuration(
            self.folder,
            credentials=self.credentials,
            grants=self.grants,
            host=self.host,
            port=self.port,
            run_as="root" if os.geteuid() == 0 else None,  # as `mosquitto` it could not read the folder
        )
        return start_server([str(program), "-c", str(conf)], output=self.log_file)

    def _start_embedded(self) -> subprocess.Popen[bytes]:
        log.warning(
            "Mosquitto is not installed: the embedded broker takes its place, for trying out only, and loses "
            "messages when it or the gateway restarts. Install the package: apt install mosquitto"
        )
        users = [password_line(user, password).split(":") for user, password in self.credentials.items()]
        settings = {
            "host": self.host,
            "port": self.port,
            "passwords": dict(users),
            "grants": {user: [asdict(grant) for grant in granted] for user, granted in self.grants.items()},
        }
        conf = self.folder / "embedded.json"
        write_private(conf, json.dumps(settings))
        command = [sys.executable, "-m", "sensor_gateway.embedded_broker", str(conf)]
        return start_server(command, output=self.log_file)

    def _rotate_log(self) -> None:
        with suppress(FileNotFoundError):
            if self.log_file.stat().st_size > MAX_LOG_BYTES:
                self.log_file.replace(self.log_file.with_suffix(".log.1"))

    def _wait_until_it_accepts(self, process: subprocess.Popen[bytes]) -> None:
        deadline = monotonic() + _START_SECONDS
        while monotonic() < deadline:
            with suppress(OSError), socket.create_connection((self._client_host, self.port), timeout=1):
                return
            with suppress(subprocess.TimeoutExpired):
                status = process.wait(0.02)
                self._process = None
                raise BrokerError(f"the broker ended at once with status {status}: {self._last_words()}")
        self.kill()
        waited = f"{_START_SECONDS:.0f} s"
        raise BrokerError(f"the broker did not accept connections within {waited}: {self._last_words()}")

    def _last_words(self) -> str:
        lines = self.log_file.read_bytes()[self._log_start :].decode(errors="replace").splitlines()
        errors = [line for line in lines if "Error" in line]
        return " / ".join(errors or lines[-1:]) or "it wrote nothing"


def _stretched(password: str, salt: bytes, rounds: int) -> bytes:
    return hashlib.pbkdf2_hmac("sha512", password.encode(), salt, rounds)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
