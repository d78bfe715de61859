"""LoRaWAN by way of a network server: The Things Stack 3 and ChirpStack 4. What the device said is read by its profile,
from what the server decoded, else from the raw bytes.

Frame counters begin anew at each join: they name a message together with the session. Where nobody joins (ABP) they
begin anew with the power, and those of 16 bits when they are through: the same names mean something else then, which
`app.occupancy.counters` tells apart by the time. JSON made from protobuf leaves out what is zero, so an absent counter
is 0.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from sensor_gateway.decoders.plain import object_of
from sensor_gateway.heard import Heard, instant, percent, whole
from sensor_gateway.messages import Envelope, Undecodable
from sensor_gateway.profiles import Profiles, Told, unread

MOST_COUNTER = 2**32
# Of what names a session: with the number of a run behind it, it must find room.
MOST_SESSION = 26
CLOCKS_APART = timedelta(minutes=5)
NONE: Mapping[str, str] = MappingProxyType({})


def application(topic: str) -> str:
    """Within which a device of The Things Stack is the only one of its id; what is posted names no tenant."""
    return topic.split("/")[1].partition("@")[0]


def things_stack(envelope: Envelope, profiles: Profiles, models: Mapping[str, str] = NONE) -> Heard:
    """`v3/{application}@{tenant}/devices/{device}/{event}`. `models`: of the devices that are known, as registered."""
    levels = envelope.topic.split("/")
    if len(levels) < 5 or levels[2] != "devices":
        raise Undecodable("topic")
    said = object_of(envelope)
    ids = _object(said.get("end_device_ids"))
    device = ids.get("device_id")
    device = device if isinstance(device, str) else levels[3]
    event = "/".join(levels[4:])
    if event == "join":
        return Heard(device, kind="join")
    if event != "up":
        return Heard(device, kind="ignored")
    up = _object(said.get("uplink_message"))
    served_at = instant(up.get("received_at")) or instant(said.get("received_at"))
    at = _heard_at((_object(one).get("time") for one in _list(up.get("rx_metadata"))), served_at)
    model = _object(up.get("version_ids")).get("model_id")
    told = _told(
        profiles,
        (model, device, models.get(device)),
        up.get("decoded_payload"),
        up.get("frm_payload"),
        whole(up.get("f_port")),
    )
    told = _with_last_battery(_normalized(told, up.get("normalized_payload")), up)
    kind = "simulated" if said.get("simulated") is True else told.kind
    heard_by = _list(up.get("rx_metadata"))
    return _Frame(device, at, up.get("session_key_id"), up.get("f_cnt", 0), heard_by).around(told, kind)


def chirpstack(envelope: Envelope, profiles: Profiles, models: Mapping[str, str] = NONE) -> Heard:
    """`application/{id}/device/{dev eui}/event/{event}`. `models` as above."""
    levels = envelope.topic.split("/")
    if len(levels) != 6 or levels[2] != "device" or levels[4] != "event":
        raise Undecodable("topic")
    said = object_of(envelope)
    info = _object(said.get("deviceInfo"))
    device = info.get("devEui")
    device = device if isinstance(device, str) else levels[3]
    heard_by = _list(said.get("rxInfo"))
    served_at = next((at for one in heard_by if (at := instant(_object(one).get("nsTime")))), None)
    at = _heard_at((said.get("time"),), served_at)
    match levels[5]:
        case "join":
            return Heard(device, kind="join")
        case "status":
            return Heard(device, None, "battery", at, _status_battery(said))
        case "up":
            pass
        case _:
            return Heard(device, kind="ignored")
    names = (info.get("deviceProfileName"), info.get("deviceName"), models.get(device))
    told = _told(profiles, names, said.get("object"), said.get("data"), whole(said.get("fPort")))
    return _Frame(device, at, said.get("devAddr"), said.get("fCnt", 0), heard_by).around(told, told.kind)


def _status_battery(said: Mapping[str, Any]) -> float | None:
    """A device on mains, or that cannot measure it, has none: its 0 is no empty battery."""
    has_none = any(said.get(name) is True for name in ("externalPowerSource", "batteryLevelUnavailable"))
    return None if has_none else percent(said.get("batteryLevel"))


def _normalized(told: Told, measured: Any) -> Told:
    """What the device repository makes of a model that no profile is clear about: `action.motion`, whether it was
    detected or how often, in the newest measurement (lib/payload.json of TheThingsNetwork/lorawan-devices). One with a
    time of its own is of before."""
    if told.by_name or not told.is_untold:
        return told
    for one in reversed(_list(measured)):
        motion = _object(_object(_object(one).get("action")).get("motion"))
        detected, count = motion.get("detected"), whole(motion.get("count"))
        if "time" in _object(one):
            continue
        if isinstance(detected, bool):
            return replace(told, occupied=detected, kind="", why="")
        if count is not None:
            return replace(told, occupied=count > 0, kind="motion_count", why="")
    return told


def _with_last_battery(told: Told, up: Mapping[str, Any]) -> Told:
    """What the device last told the network server of its battery, where it tells nothing itself."""
    last = percent(_object(up.get("last_battery_percentage")).get("value"))
    knows = told.battery_low or any(
        one is not None for one in (told.battery_pct, told.battery_v, told.charge_pct)
    )
    return told if knows or last is None else replace(told, battery_pct=last)


def _heard_at(told: Iterable[Any], served_at: datetime | None) -> datetime | None:
    """When the first radio gateway heard a frame. One that is far from the network server's time has a wrong clock, or
    kept the frame back: of either the server's time is the safer, since what it says then lies not before it was so."""
    times = [at for one in told if (at := instant(one))]
    if served_at is None:
        return min(times, default=None)
    return min((at for at in times if abs(at - served_at) <= CLOCKS_APART), default=served_at)


def _told(profiles: Profiles, names: tuple[Any, ...], decoded: Any, raw: Any, port: int | None) -> Told:
    """What the device said, by what the server decoded, or by the bytes where it decoded nothing, or where the profile
    trusts them more; and why it is nothing clear."""
    profile = profiles.named(*names)
    served = decoded if isinstance(decoded, dict) else {}
    by_server = bool(served) and not (profile and profile.layout.first)
    content = None if by_server else _bytes(raw)
    read = (profile.fields_of(content, port) if profile and content is not None else None) or {}
    said = read or served
    failed = "decode_error" if isinstance(raw, str) and content is None else "undecoded"
    told = profiles.read(said, profile) if said else Told(kind=failed)
    is_unread = told.is_untold or not said
    whys = [told.why]
    if said and (reader := profiles.called(told.profile) or profile):
        whys += unread.doubts(reader, said, by_bytes=bool(read))
    if is_unread and said:
        whys.append(unread.of_fields(profile, names, said))
    if read or (is_unread and not by_server):
        whys.append(unread.of_bytes(profile, names, content, port))
    shown = profile.name if profile and is_unread else told.profile
    return replace(told, profile=shown, why="; ".join(filter(None, whys)), fields=read)


def _bytes(raw: Any) -> bytes | None:
    try:
        return base64.b64decode(raw, validate=True) if isinstance(raw, str) else None
    except (binascii.Error, ValueError):
        return None


@dataclass(frozen=True, slots=True)
class _Frame:
    """What the network server says around a device's word."""

    device: str
    at: datetime | None
    session: Any
    counter: Any
    heard_by: list[Any]

    @property
    def _run(self) -> str | None:
        """What names the counter's run; None where nothing does that a database could hold."""
        named = isinstance(self.session, str) and self.session and self.session.isprintable()
        return self.session[:MOST_SESSION] if named else None

    def around(self, told: Told, kind: str) -> Heard:
        heard = [
            rssi for one in self.heard_by if (rssi := whole(_object(one).get("rssi"), -200, 100)) is not None
        ]
        return Heard(
            self.device,
            told.occupied,
            kind,
            self.at,
            told.battery_pct,
            told.battery_v,
            told.charge_pct,
            max(heard, default=None),
            self._run,
            whole(self.counter, 0, MOST_COUNTER),
            zones=told.zones,
            history=told.history,
            about={"profile": told.profile} if told.profile else {},
            why=told.why,
            battery_low=told.battery_low,
            fields=told.fields,
        )


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value[:64] if isinstance(value, list) else []
