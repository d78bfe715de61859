from datetime import time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from app.settings import OfficeHours, Settings, SettingsError


@pytest.fixture
def folder(tmp_path: Path) -> dict[str, str]:
    return {"AKISEKI_DATA_DIR": str(tmp_path)}


def test_nothing_given_means_the_contracts_defaults(folder: dict[str, str], tmp_path: Path) -> None:
    settings = Settings.from_env({**folder, "PATH": "/bin", "AKI": "x"})
    assert settings.database_url == f"sqlite:///{tmp_path / 'akiseki.db'}"
    assert settings.timezone == ZoneInfo("Asia/Tokyo")
    assert settings.locale == "ja"
    assert settings.sweep_seconds == 15
    assert settings.hours == OfficeHours(time(8, 30), time(17, 15), time(12), time(13), time(4))
    assert not settings.demo


def test_every_setting_of_the_contract_is_read(folder: dict[str, str]) -> None:
    settings = Settings.from_env(
        {
            **folder,
            "AKISEKI_DATABASE_URL": "postgresql+psycopg:///akiseki?host=/run/postgresql",
            "AKISEKI_MQTT_URL": "mqtts://gateway:secret@broker.example:8883",
            "AKISEKI_SECRET_KEY": "0123456789abcdef",
            "AKISEKI_TIMEZONE": "Europe/Berlin",
            "AKISEKI_LOCALE": "en",
            "AKISEKI_SWEEP_SECONDS": "3600",
            "AKISEKI_OFFICE_HOURS": "09:00-18:00",
            "AKISEKI_NOON": "12:30-13:30",
            "AKISEKI_DAY_CLOSES": "05:00",
            "AKISEKI_PUBLIC_URL": "https://akiseki.example",
            "AKISEKI_SMTP_URL": "smtps://mail.example:465",
            "AKISEKI_OIDC_ISSUER": "https://login.example",
            "AKISEKI_OIDC_CLIENT_ID": "akiseki",
            "AKISEKI_OIDC_CLIENT_SECRET": "secret",
            "AKISEKI_OIDC_SCOPES": "openid  email",
            "AKISEKI_OIDC_TIMEOUT_SECONDS": "2.5",
            "AKISEKI_OIDC_EMAILS_VERIFIED": "yes",
            "AKISEKI_PROXY_USER_HEADER": "X-Remote-User",
            "AKISEKI_PROXY_ADDRESSES": "192.0.2.10, 2001:db8::/126",
            "AKISEKI_LOG_FORMAT": "json",
            "AKISEKI_CLOCK": "2026-11-24T03:00:00+00:00/2026-11-24T08:00:00+09:00/60",
        }
    )
    assert settings.database_url == "postgresql+psycopg:///akiseki?host=/run/postgresql"
    assert (settings.mqtt.hostname, settings.mqtt.port) == ("broker.example", 8883)
    assert settings.hours == OfficeHours(time(9), time(18), time(12, 30), time(13, 30), time(5))
    assert settings.sweep_seconds == 3600
    assert (settings.oidc_client_id, settings.oidc_scopes) == ("akiseki", "openid email")
    assert settings.oidc_timeout_seconds == 2.5
    assert settings.oidc_emails_verified
    assert [str(one) for one in settings.proxy_addresses] == ["192.0.2.10/32", "2001:db8::/126"]
    assert settings.demo


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("DATABSE_URL", "sqlite:///x"),
        ("OIDC_ISUER", "https://login.example"),
        ("OIDC_ISSUER", "login.example"),
        ("OIDC_ISSUER", "http://login.example"),
        ("OIDC_ISSUER", "https://login.example"),
        ("OIDC_CLIENT_ID", "akiseki"),
        ("OIDC_SCOPES", "email"),
        ("OIDC_TIMEOUT_SECONDS", "61"),
        ("OIDC_EMAILS_VERIFIED", "yes"),
        ("OIDC_EMAILS_VERIFIED", "true"),
        ("PROXY_USER_HEADER", "X-Remote-User"),
        ("PROXY_USER_HEADER", "Cookie"),
        ("PROXY_USER_HEADER", "X Remote"),
        ("PROXY_ADDRESSES", "0.0.0.0/0"),
        ("PROXY_ADDRESSES", "proxy.example"),
        ("", "x"),
        ("DATABASE_URL", ""),
        ("DATABASE_URL", "mysql://host/db"),
        ("DATABASE_URL", "sqlite:akiseki.db"),
        ("MQTT_CA", "/nowhere/ca.crt"),
        ("MQTT_CERT", ""),
        ("MQTT_KEY", "/tmp"),
        ("MQTT_CA", __file__),  # without mqtts:// nothing is secured
        ("MQTT_CERT", __file__),
        ("MQTT_URL", "http://host"),
        ("MQTT_URL", "mqtt:host"),
        ("MQTT_URL", "mqtt://"),
        ("MQTT_URL", "mqtt://host:99999"),
        ("MQTT_URL", "mqtt://[::1"),
        ("SECRET_KEY", "0123456789abcde"),
        ("DATA_DIR", ""),
        ("TIMEZONE", "Tokyo"),
        ("TIMEZONE", ""),
        ("LOCALE", "fr"),
        ("SWEEP_SECONDS", "0"),
        ("SWEEP_SECONDS", "3600.1"),
        ("SWEEP_SECONDS", "nan"),
        ("SWEEP_SECONDS", "often"),
        ("OFFICE_HOURS", "08:30"),
        ("OFFICE_HOURS", "17:15-08:30"),
        ("OFFICE_HOURS", "08:30-08:30"),
        ("OFFICE_HOURS", "08:30Z-17:15"),
        ("OFFICE_HOURS", "25:00-26:00"),
        ("NOON", "13:00-12:00"),
        ("NOON", "08:30-09:30"),
        ("NOON", "16:15-17:15"),
        ("DAY_CLOSES", "four"),
        ("DAY_CLOSES", "04:00Z"),
        ("PUBLIC_URL", "akiseki.example"),
        ("PUBLIC_URL", "https://"),
        ("SMTP_URL", "mail.example"),
        ("LOG_FORMAT", "xml"),
        ("CLOCK", "noon"),
    ],
)
def test_an_unknown_or_malformed_variable_stops_the_start_and_names_itself(
    name: str, text: str, folder: dict[str, str]
) -> None:
    with pytest.raises(SettingsError, match=rf"AKISEKI_{name}\b"):
        Settings.from_env({**folder, f"AKISEKI_{name}": text})


@pytest.mark.parametrize("password", ["hush#s", "hush/s", "hush?s", "12#hush", "12/hush", "hu:hush[s"])
def test_a_password_with_odd_characters_is_told_how_to_write_it_and_not_printed(
    folder: dict[str, str], password: str
) -> None:
    with pytest.raises(SettingsError, match="%23") as caught:
        Settings.from_env({**folder, "AKISEKI_MQTT_URL": f"mqtt://gateway:{password}@host:1883"})
    assert "hush" not in str(caught.value)


def test_a_proxy_that_signs_nobody_in_is_named_by_its_address_alone(folder: dict[str, str]) -> None:
    settings = Settings.from_env({**folder, "AKISEKI_PROXY_ADDRESSES": "192.0.2.10"})
    assert [str(one) for one in settings.proxy_addresses] == ["192.0.2.10/32"]
    assert not settings.proxy_user_header


def test_no_secret_shows_where_settings_are_printed(folder: dict[str, str]) -> None:
    shown = repr(
        Settings.from_env(
            {
                **folder,
                "AKISEKI_SECRET_KEY": "hush-hush-hush-hush",
                "AKISEKI_DATABASE_URL": "postgresql+psycopg://akiseki:hush@db/akiseki",
                "AKISEKI_MQTT_URL": "mqtt://gateway:hush@broker",
                "AKISEKI_SMTP_URL": "smtp://mail:hush@mail.example",
            }
        )
    )
    assert "hush" not in shown


def test_a_secret_key_is_made_once_and_kept_from_others(folder: dict[str, str], tmp_path: Path) -> None:
    first = Settings.from_env(folder)
    assert len(first.secret_key) == 64
    assert Settings.from_env(folder).secret_key == first.secret_key
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["secret_key"]


def test_a_key_that_was_cut_off_while_it_was_written_is_not_used(
    folder: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "secret_key").touch()
    with pytest.raises(SettingsError, match="secret_key"):
        Settings.from_env(folder)
