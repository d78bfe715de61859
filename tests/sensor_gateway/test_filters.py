"""What the README says to ask the broker for is what each wire speaks on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import topic_matches_sub

from app.settings import Settings
from sensor_gateway.decoders import Wires
from sensor_gateway.messages import Envelope, Undecodable

README = Path(__file__).parents[2] / "README.md"
NOW = datetime(2026, 11, 30, tzinfo=UTC)


def rows() -> Iterator[Any]:
    table = README.read_text("utf-8").partition("| wire |")[2].partition("\n\n")[0]
    for line in table.splitlines()[2:]:
        wire, filters, topic, sensor = (cell.strip() for cell in line.strip("|").split("|"))
        if topic:
            yield pytest.param(*(re.findall("`(.+?)`", one)[:1] for one in (filters, topic, sensor)), id=wire)


@pytest.mark.parametrize(("filters", "topics", "ids"), list(rows()))
def test_a_wire_is_heard_by_its_filters(filters: list[str], topics: list[str], ids: list[str]) -> None:
    asked = Settings.from_env({"AKISEKI_MQTT_FILTERS": filters[0]}).mqtt_filters
    assert any(topic_matches_sub(one, topics[0]) for one in asked)
    assert heard_as(topics[0]) in {*ids, "boot", "not_protobuf"}  # whose it is, or what is missing in nothing


def heard_as(topic: str) -> str:
    try:
        return Wires().hear(Envelope(topic, b"{}", NOW))[0].device_id
    except Undecodable as refused:
        return refused.reason


def test_every_wire_has_its_row() -> None:
    assert len(list(rows())) == 11
