"""zigbee2mqtt: a device by its friendly name, its model as it is registered here or as the bridge says it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sensor_gateway.decoders.plain import FIELDS, availability, nothing, object_of, one_of, text_of, word
from sensor_gateway.decoders.senses import Senses, together
from sensor_gateway.heard import Heard, epoch, instant, percent
from sensor_gateway.messages import Envelope, Undecodable
from sensor_gateway.profiles import Profile, Profiles, Told, by_profile
from sensor_gateway.profiles.meanings import flag
from sensor_gateway.profiles.unread import doubts, of_fields

# Of a device with several endpoints each says its own, such as `occupancy_left`; other endings are of settings.
_ENDPOINTS = re.compile(rf"({'|'.join(FIELDS)})_(left|right|top|bottom|center|l?\d+)")


def bridge(topic: str) -> str:
    """Whose devices a topic is of: a friendly name is one device's at its bridge alone."""
    return topic.partition("/")[0]


def zigbee2mqtt(envelope: Envelope, profiles: Profiles, models: Mapping[str, str], senses: Senses) -> Heard:
    """`zigbee2mqtt/{friendly name}`, which may have levels of its own, and `…/availability`. Where it is set to publish
    each attribute by itself, `…/{attribute}`. `models`: of the devices that are known, as registered.
    `senses`: what each attribute by itself said last."""
    name = envelope.topic.partition("/")[2]
    if name.startswith("bridge/") or name.endswith(("/set", "/get")):
        return Heard(name[:64] or "bridge", kind="ignored")
    device, slash, attribute = name.rpartition("/")
    if not envelope.payload:
        gone = Heard(name, kind="removed")
        senses.gone(device, "", attribute, envelope.received_at)
        senses.forget(name, envelope.received_at)
        return gone
    text = text_of(envelope)
    if slash and attribute == "availability":
        if text.lstrip().startswith("{"):
            text = str(object_of(envelope).get("state"))
        return availability(device, text)
    is_whole = not slash or text.lstrip().startswith("{")
    device, said = (name, object_of(envelope)) if is_whole else (device, {attribute: _value(envelope)})
    names = models.get(device), _model(said)
    heard = _heard(device, said, profiles.named(*names), names)
    if not is_whole:
        # Of an attribute by itself nobody knows whether per cent are told beside it, which say more.
        return _with_others(heard, attribute, senses, envelope.received_at)
    is_flagged = heard.battery_low is None
    return replace(heard, battery_low=flag(said.get("battery_low"))) if is_flagged else heard


def _with_others(heard: Heard, attribute: str, senses: Senses, at: datetime) -> Heard:
    """What an attribute by itself says of the seat, together with what the others said last."""
    if heard.zone or heard.zones or (heard.occupied is None and heard.kind != "unknown"):
        return heard
    occupied = senses.hear(heard.device_id, "", attribute, heard.occupied, at)
    return heard if occupied is heard.occupied else replace(heard, occupied=occupied, kind=_kind(occupied))


def _kind(occupied: bool | None) -> str:
    return "" if occupied is not None else "unknown"


def _value(envelope: Envelope) -> Any:
    """An attribute by itself: a number, true or false, null, else its text."""
    try:
        return object_of(Envelope("", b'{"value":' + envelope.payload + b"}", envelope.received_at)).get(
            "value"
        )
    except Undecodable:
        return text_of(envelope)


def _model(said: Mapping[str, Any]) -> Any:
    """As the bridge names it, where it is set to (`include_device_information`)."""
    device = said.get("device")
    return device.get("model") if isinstance(device, dict) else None


def _heard(device: str, said: Mapping[str, Any], profile: Profile | None, names: tuple[object, ...]) -> Heard:
    """By the profile, else by the fields: somebody is there where one says so, nobody where each does that is there: a
    model may have two senses."""
    battery, seen = (
        percent(said.get("battery")),
        instant(said.get("last_seen")) or epoch(said.get("last_seen")),
    )
    if profile is not None and (told := by_profile(profile, said)) is not None:
        heard = of_model(device, told, seen, battery)
        return unread(heard, profile, names, said) if told.is_untold else doubted(heard, profile, said)
    words = [word(said[one]) for one in FIELDS if one in said]
    if not words:
        seats = {name: word(value) for name, value in said.items() if _ENDPOINTS.fullmatch(name)}
        heard = one_of(device, seats, at=seen, battery=battery)
        return heard if seats else unread(heard, profile, names, said)
    occupied = together(words)
    heard = Heard(device, occupied, _kind(occupied), observed_at=seen, battery_pct=battery)
    return heard if occupied is not None else unread(heard, profile, names, said)


def unread(
    heard: Heard, profile: Profile | None, names: tuple[object, ...], said: Mapping[str, Any]
) -> Heard:
    """A word that says nothing of occupancy, with the profile that was chosen, and why."""
    about = {"profile": profile.name} if profile else {}
    return replace(heard, about=about, why=of_fields(profile, names, said))


def doubted(heard: Heard, profile: Profile, said: Mapping[str, Any]) -> Heard:
    """A word that its profile is clear about, with what looks wrong in it."""
    return replace(heard, why="; ".join(filter(None, (heard.why, *doubts(profile, said)))))


def of_model(device: str, told: Told, at: Any = None, battery: float | None = None) -> Heard:
    """A device's word as its profile told it."""
    return Heard(
        device,
        told.occupied,
        told.kind if told.kind != "no_occupancy_field" else nothing(battery),
        at,
        battery if told.battery_pct is None else told.battery_pct,
        told.battery_v,
        told.charge_pct,
        zones=told.zones,
        about={"profile": told.profile},
        why=told.why,
        battery_low=told.battery_low,
    )
