"""What every command needs: the types of its arguments, the settings, the database."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address

import click
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app import logs
from app.database import create_engine, reading, transaction
from app.people import passwords
from app.settings import Settings
from app.texts import MOST_ADDRESS, is_address, is_line


class Line(click.ParamType[str]):
    """One line of text that the database can hold; `most` characters at most, as the column has it."""

    name = "text"

    def __init__(self, most: int, least: int = 1) -> None:
        self.most, self.least = most, least

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        length = len(value) if value.strip() else 0
        if not is_line(value) or not self.least <= length <= self.most:
            self.fail(f"must be one line of {self.least} to {self.most} characters", param, ctx)
        return value


class Email(Line):
    """An address such as aoki@city.example.jp."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = super().convert(value, param, ctx)
        if not is_address(text):
            self.fail(f"'{text}' is not an address such as aoki@city.example.jp", param, ctx)
        return text


class Address(click.ParamType[str]):
    """An IP address of this machine to listen on."""

    name = "address"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return str(ip_address(value))
        except ValueError:
            self.fail(f"'{value}' is not an IP address such as 127.0.0.1, 0.0.0.0 or ::", param, ctx)


PORT = click.IntRange(1, 65535)
EMAIL = Email(MOST_ADDRESS)
PASSWORD = Line(most=passwords.LONGEST, least=passwords.SHORTEST)


class Failed(click.ClickException):
    """A command that could not do what was asked; its message is the one line shown."""


def settings_of_env() -> Settings:
    """The settings of this process, with its log set up."""
    settings = Settings.from_env(os.environ)
    logs.configure(settings.log_format)
    return settings


@contextmanager
def engine_of(settings: Settings) -> Iterator[Engine]:
    """The database for one command."""
    engine = create_engine(settings.database_url)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def reading_of(settings: Settings) -> Iterator[Session]:
    """A short reading transaction for one command."""
    with engine_of(settings) as engine, reading(engine) as session:
        yield session


@contextmanager
def transaction_of(settings: Settings) -> Iterator[Session]:
    """A writing transaction for one command."""
    with engine_of(settings) as engine, transaction(engine) as session:
        yield session


@click.group(help="Akiseki (空き席): an office without fixed desks.")
def akiseki() -> None:
    """The group of all commands."""
