"""What the operator decides, read once from the environment as frozen values.

Nothing else reads `os.environ`. A wrong or unknown `AKISEKI_` variable stops the start and names itself.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import time, timedelta
from pathlib import Path
from typing import Protocol
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app import setting_addresses, topics
from app.clock import Clock, ShownClock, system_clock
from app.setting_addresses import Network

PREFIX = "AKISEKI_"
TOKYO = ZoneInfo("Asia/Tokyo")
LOCALES = ("ja", "en")
# The first says nothing without the second.
GO_TOGETHER = (
    ("MQTT_CERT", "MQTT_KEY"),
    ("MQTT_KEY", "MQTT_CERT"),
    ("OIDC_ISSUER", "OIDC_CLIENT_ID"),
    ("OIDC_CLIENT_ID", "OIDC_ISSUER"),
    ("OIDC_CLIENT_SECRET", "OIDC_ISSUER"),
    ("OIDC_SCOPES", "OIDC_ISSUER"),
    ("OIDC_TIMEOUT_SECONDS", "OIDC_ISSUER"),
    ("OIDC_EMAILS_VERIFIED", "OIDC_ISSUER"),
    ("PROXY_USER_HEADER", "PROXY_ADDRESSES"),
)
NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)


class SettingsError(Exception):
    """A setting that cannot be used; the message names the variable and what would be right."""


@dataclass(frozen=True, slots=True)
class OfficeHours:
    """The local times that half-days and days derive from (RULES: telework)."""

    start: time = time(8, 30)
    end: time = time(17, 15)
    noon_start: time = time(12)
    noon_end: time = time(13)
    day_closes: time = time(4)


class OfficeClock(Protocol):
    """Whoever knows the office's hours and by which clock they are told, as the settings do."""

    @property
    def timezone(self) -> ZoneInfo: ...

    @property
    def hours(self) -> OfficeHours: ...


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long what is linked to a person is kept (RULES 19). Figures stay for good."""

    readings: timedelta = timedelta(days=30)
    presence: timedelta = timedelta(days=180)
    lookups: timedelta = timedelta(days=180)
    telework_years: int = 3


@dataclass(frozen=True, slots=True)
class Settings:
    data_dir: Path = Path("data")
    database_url: str = field(default="", repr=False)
    mqtt_url: str = field(default="mqtt://127.0.0.1:1883", repr=False)
    mqtt_ca: Path | None = None
    mqtt_cert: Path | None = None
    mqtt_key: Path | None = None
    mqtt_filters: tuple[str, ...] = ()
    mqtt_prefixes: tuple[tuple[str, str], ...] = ()
    gateway_name: str = "gateway"
    secret_key: str = field(default="", repr=False)
    timezone: ZoneInfo = TOKYO
    locale: str = "ja"
    sweep_seconds: float = 15.0
    hours: OfficeHours = OfficeHours()
    keeping: Keeping = Keeping()
    conflict_days: timedelta = timedelta(days=3)
    public_url: str = ""
    smtp_url: str = field(default="", repr=False)
    disruptive_secret: str = field(default="", repr=False)
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: str = field(default="", repr=False)
    oidc_scopes: str = "openid email profile"
    oidc_timeout_seconds: float = 5.0
    oidc_emails_verified: bool = False
    proxy_user_header: str = ""
    proxy_addresses: tuple[Network, ...] = ()
    log_format: str = "text"
    api_rate: str = "6000/minute"
    clock: Clock = system_clock

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Settings:
        """Settings from variables with the prefix `AKISEKI_`; raises SettingsError naming the variable."""
        given = {name[len(PREFIX) :]: value for name, value in env.items() if name.startswith(PREFIX)}
        values: dict[str, object] = {}
        hours: dict[str, time] = {}
        keeping: dict[str, object] = {}
        for name, text in given.items():
            if name not in READERS:
                raise SettingsError(f"{PREFIX}{name} is not a setting; known: {', '.join(sorted(READERS))}")
            try:
                read = READERS[name](text.strip())
            except ValueError as error:
                raise SettingsError(f"{PREFIX}{name}: {error}") from error
            if name.startswith("KEEP_"):
                keeping[name.removeprefix("KEEP_").lower()] = read
            else:
                hours.update(read) if isinstance(read, dict) else values.update({name.lower(): read})
        settings = replace(
            cls(),
            **values,  # type: ignore[arg-type]
            hours=replace(OfficeHours(), **hours),
            keeping=replace(Keeping(), **keeping),  # type: ignore[arg-type]
        )
        if (
            not settings.hours.start
            < settings.hours.noon_start
            < settings.hours.noon_end
            < settings.hours.end
        ):
            raise SettingsError(f"{PREFIX}NOON must lie inside {PREFIX}OFFICE_HOURS")
        for one, other in GO_TOGETHER:
            if given.get(one) and not given.get(other):
                raise SettingsError(f"{PREFIX}{one} needs {PREFIX}{other}")
        if (settings.mqtt_ca or settings.mqtt_cert) and settings.mqtt.scheme != "mqtts":
            raise SettingsError(f"{PREFIX}MQTT_CA and {PREFIX}MQTT_CERT need mqtts:// in {PREFIX}MQTT_URL")
        return settings.completed()

    def completed(self) -> Settings:
        """The same with a database and a secret key filled in from the data folder where none was given."""
        url = self.database_url or f"sqlite:///{(self.data_dir / 'akiseki.db').resolve()}"
        return replace(self, database_url=url, secret_key=self.secret_key or _kept_secret(self.data_dir))

    @property
    def demo(self) -> bool:
        """Whether these are the processes of `akiseki demo`, whose day is sped up and whose logins are printed."""
        return isinstance(self.clock, ShownClock)

    @property
    def speed(self) -> float:
        """How much faster than real time the shown clock runs."""
        return self.clock.speed if isinstance(self.clock, ShownClock) else 1.0

    @property
    def mqtt(self) -> SplitResult:
        return urlsplit(self.mqtt_url)


def _kept_secret(folder: Path) -> str:
    """A random key kept in the data folder, readable by its owner alone: sessions survive a restart.

    It appears whole or not at all, and once: processes that start together agree on it.
    """
    path = folder / "secret_key"
    try:
        return _made_or_read(path)
    except OSError as error:
        raise SettingsError(f"{PREFIX}DATA_DIR cannot be used: {error}") from error


def _made_or_read(path: Path) -> str:
    if not path.exists():
        folder = path.parent
        folder.mkdir(parents=True, exist_ok=True)
        made = folder / f"secret_key.{secrets.token_hex(8)}"
        made.touch(mode=0o600)
        made.write_text(secrets.token_hex(32))
        with suppress(FileExistsError):
            path.hardlink_to(made)
        made.unlink()
    key = path.read_text().strip()
    if not key:
        raise SettingsError(f"{path} is empty; remove it, and a new key is made")
    return key


def _local_time(text: str) -> time:
    """A time of the office's day; one with an offset would be another time of another day."""
    read = time.fromisoformat(text)
    if read.tzinfo is not None:
        raise ValueError(f"'{text}' must have no offset")
    return read


def _span(text: str) -> tuple[time, time]:
    first, _, second = text.partition("-")
    try:
        start, end = _local_time(first), _local_time(second)
    except ValueError:
        raise ValueError(f"'{text}' is not a span of local times such as 08:30-17:15") from None
    if not start < end:
        raise ValueError(f"'{text}' must end after it starts")
    return start, end


def _office_hours(text: str) -> dict[str, time]:
    start, end = _span(text)
    return {"start": start, "end": end}


def _noon(text: str) -> dict[str, time]:
    start, end = _span(text)
    return {"noon_start": start, "noon_end": end}


def _day_closes(text: str) -> dict[str, time]:
    try:
        return {"day_closes": _local_time(text)}
    except ValueError:
        raise ValueError(f"'{text}' is not a local time such as 04:00") from None


def _folder(text: str) -> Path:
    if not text:
        raise ValueError("must name a folder")
    return Path(text)


def _timezone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"'{text}' is not a time zone such as Asia/Tokyo") from None


def _one_of(*choices: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f"'{text}' is not one of {', '.join(choices)}")
        return text

    return read


def _yes_or_no(text: str) -> bool:
    return _one_of("yes", "no")(text) == "yes"


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        raise ValueError(f"'{text}' is not a number of seconds") from None
    if not 0 < seconds <= 3600:
        raise ValueError("must be more than 0 and at most 3600 seconds")
    return seconds


def _whole(text: str, unit: str, most: int) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= most):
        raise ValueError(f"must be a whole number of {unit} from 1 to {most}")
    return int(text)


def _days(most: int) -> Callable[[str], timedelta]:
    return lambda text: timedelta(days=_whole(text, "days", most))


def _fiscal_years(text: str) -> int:
    return _whole(text, "fiscal years", 30)


def _rate(text: str) -> str:
    if not re.fullmatch(r"[1-9]\d{0,6}/(second|minute|hour)", text):
        raise ValueError(f"'{text}' is not a rate such as 6000/minute")
    return text


def _secret(text: str) -> str:
    if len(text) < 16:
        raise ValueError("must have at least 16 characters")
    return text


def _timeout(text: str) -> float:
    seconds = _seconds(text)
    if seconds > 60:
        raise ValueError("must be at most 60 seconds: people wait")
    return seconds


def _scopes(text: str) -> str:
    if "openid" not in text.split():
        raise ValueError("must name openid, as in: openid email profile")
    return " ".join(text.split())


def _filled(text: str) -> str:
    if not text:
        raise ValueError("must not be empty")
    return text


def _name(text: str) -> str:
    if not NAME.fullmatch(text):
        raise ValueError(f"'{text}' is not a name of letters, digits, _ . and -, 64 at most")
    return text


READERS: Mapping[str, Callable[[str], object]] = {
    "DATABASE_URL": setting_addresses.database_url,
    "MQTT_URL": setting_addresses.url("mqtt", "mqtts"),
    "MQTT_CA": setting_addresses.file,
    "MQTT_CERT": setting_addresses.file,
    "MQTT_KEY": setting_addresses.file,
    "MQTT_FILTERS": topics.filters,
    "MQTT_PREFIXES": topics.prefixes,
    "GATEWAY_NAME": _name,
    "SECRET_KEY": _secret,
    "DATA_DIR": _folder,
    "TIMEZONE": _timezone,
    "LOCALE": _one_of(*LOCALES),
    "SWEEP_SECONDS": _seconds,
    "OFFICE_HOURS": _office_hours,
    "NOON": _noon,
    "DAY_CLOSES": _day_closes,
    "PUBLIC_URL": setting_addresses.url("http", "https"),
    "SMTP_URL": setting_addresses.url("smtp", "smtps"),
    "DISRUPTIVE_SECRET": _filled,
    "OIDC_ISSUER": setting_addresses.issuer,
    "OIDC_CLIENT_ID": _filled,
    "OIDC_CLIENT_SECRET": _filled,
    "OIDC_SCOPES": _scopes,
    "OIDC_TIMEOUT_SECONDS": _timeout,
    "OIDC_EMAILS_VERIFIED": _yes_or_no,
    "PROXY_USER_HEADER": setting_addresses.header,
    "PROXY_ADDRESSES": setting_addresses.networks,
    "LOG_FORMAT": _one_of("text", "json"),
    "KEEP_READINGS": _days(366),
    # 個人情報保護法: person-linked presence is erased within a year.
    "KEEP_PRESENCE": _days(365),
    "KEEP_LOOKUPS": _days(3660),
    "KEEP_TELEWORK_YEARS": _fiscal_years,
    "CONFLICT_DAYS": _days(31),
    "API_RATE": _rate,
    # Set by `akiseki demo` for its own processes: the sped-up day.
    "CLOCK": ShownClock.parse,
}
