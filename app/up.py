"""`akiseki up`: a real small office on one machine: broker, gateway, jobs and web, in real time, no sample data.

A process that ends is started again; one that cannot stay up ends the whole, so that somebody looks.
"""

from __future__ import annotations

import logging
import signal
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from sqlalchemy import Engine, func, select

from app import migrate
from app.database import create_engine, reading
from app.people.models import User
from app.running import LOOK_SECONDS, ProcessEndedError, Running, running, wait_until_ready
from app.settings import PREFIX, Settings
from app.spaces.models import Sensor
from sensor_gateway.broker import GATEWAY_GRANTS, GATEWAY_USER, Broker, Grant, new_password
from sensor_gateway.broker_files import NEW, settle_users
from sensor_gateway.topics import is_native_id

log = logging.getLogger(__name__)

SENSORS_EVERY = 15.0
# So many starts within so many seconds are too many.
STARTS, WITHIN = 5, 600.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """Where the office listens. `given`: the settings that the operator gave, as variables of the environment."""

    settings: Settings
    given: Mapping[str, str]
    host: str
    port: int
    mqtt_port: int
    tls: Sequence[Path] = ()  # certificate and key
    grants: Mapping[str, Sequence[Grant]] = field(default_factory=dict)  # at the broker, by user

    @property
    def base(self) -> str:
        """Where its pages are, from this machine."""
        shown = "127.0.0.1" if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104 - only compared
        return f"{'https' if self.tls else 'http'}://{shown}:{self.port}"

    @property
    def commands(self) -> dict[str, list[str]]:
        """What runs, by name."""
        options = zip(("--tls-cert", "--tls-key"), map(str, self.tls), strict=False)
        web = ["serve", "--host", self.host, "--port", str(self.port), *chain.from_iterable(options)]
        return {"web": web, "gateway": ["gateway"], "jobs": ["jobs"]}


def run(wanted: Wanted, tell: Callable[[str], None]) -> None:
    """Run until stopped (Ctrl-C or SIGTERM). Raises ProcessEndedError, BrokerError, OSError."""
    settings = wanted.settings
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    migrate.upgrade(settings.database_url)
    with suppress(KeyboardInterrupt), ExitStack() as stack:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.default_int_handler)
        engine = create_engine(settings.database_url)
        stack.callback(engine.dispose)
        stack.callback(tell, "終了します。 / Stopping.")
        doors = _Doors(settings, engine, new_password(), list(wanted.grants))
        broker = stack.enter_context(
            Broker(
                settings.data_dir / "broker",
                doors.credentials(),
                host=wanted.host,
                port=wanted.mqtt_port,
                grants={**wanted.grants, GATEWAY_USER: GATEWAY_GRANTS},
            )
        )
        values = {
            PREFIX + "DATABASE_URL": settings.database_url,
            PREFIX + "DATA_DIR": str(settings.data_dir),
            PREFIX + "SECRET_KEY": settings.secret_key,
            PREFIX + "MQTT_URL": broker.url(GATEWAY_USER),
        }
        listed = [
            stack.enter_context(
                running(name, ["app", *command], settings.data_dir, {**wanted.given, **values})
            )
            for name, command in wanted.commands.items()
        ]
        wait_until_ready(wanted.base, listed)
        _greet(engine, wanted, broker, tell)
        _keep(listed, broker, doors)


def _keep(listed: Sequence[Running], broker: Broker, doors: _Doors) -> None:
    """Keep all of it running, for ever."""
    keeper, looked = _Keeper(listed), time.monotonic()
    while True:
        keeper.look()
        if not broker.running:
            raise ProcessEndedError(f"the broker ended ({broker.log_file})")
        if time.monotonic() - looked > SENSORS_EVERY:
            looked = time.monotonic()
            if doors.have_changed():
                broker.reload(doors.credentials())
                log.warning("the sensors changed: the broker knows them now")
        time.sleep(LOOK_SECONDS)


class _Doors:
    """Who may connect to the broker: the gateway, what speaks for many, and every sensor that is known."""

    def __init__(self, settings: Settings, engine: Engine, gateway: str, others: Sequence[str]) -> None:
        self.gateway = gateway
        self._others = [one for one in others if one != GATEWAY_USER]
        self._folder = settings.data_dir / "broker"
        self._engine = engine
        self._known: list[str] = []

    def credentials(self) -> dict[str, str]:
        """Each user's password or its hash; a new sensor's password is written down first."""
        self._known = self._sensors()
        users = settle_users(self._folder, [*self._others, *self._known])
        return {**users, GATEWAY_USER: self.gateway}

    def have_changed(self) -> bool:
        return self._sensors() != self._known

    def _sensors(self) -> list[str]:
        with reading(self._engine) as session:
            listed = session.scalars(select(Sensor.id).order_by(Sensor.id)).all()
        # A sensor that is called as somebody else there would be let in as them.
        return [one for one in listed if is_native_id(one) and one not in {GATEWAY_USER, *self._others}]


@dataclass(slots=True)
class _Keeper:
    """Starts again what ended, within limits."""

    listed: Sequence[Running]
    _starts: deque[float] = field(default_factory=lambda: deque(maxlen=STARTS))

    def look(self) -> None:
        for one in self.listed:
            if one.has_ended:
                now = time.monotonic()
                if len(self._starts) == STARTS and now - self._starts[0] < WITHIN:
                    raise ProcessEndedError(f"{one.name} does not stay up ({one.log}): {one.last_words}")
                self._starts.append(now)
                log.error("%s ended and is started again: %s", one.name, one.last_words)
                one.start_again()


def _greet(engine: Engine, wanted: Wanted, broker: Broker, tell: Callable[[str], None]) -> None:
    folder = wanted.settings.data_dir
    with reading(engine) as session:
        people = session.scalar(select(func.count()).select_from(User)) or 0
    tell("")
    tell(f"  空き席 Akiseki  {wanted.base}")
    tell(f"  MQTT {broker.host}:{broker.port}  ({folder / 'broker' / NEW})")
    if wanted.host.startswith("127."):
        tell(
            "  この端末からだけ使えます(--host 0.0.0.0 で公開)。 / Only from this machine: --host 0.0.0.0 opens it."
        )
    if not people:
        tell("  最初の利用者を別の端末画面で作ってください。 / Add the first account in another terminal:")
        tell(f"    {PREFIX}DATA_DIR={folder} akiseki user add you@example.jp --name … --section … --role it")
    tell("  Ctrl-C で終了 / stops it")
    tell("")
