"""Wires on which a device says plainly whether somebody is there. None of them names a message; Tasmota, ESPHome and
Homie do not date it either, so that what was kept would be told as if it were so now.
"""

from __future__ import annotations

from firmware_stubs.simulator.wires.said import Said, compact, rfc_3339


def zigbee2mqtt(said: Said) -> tuple[str, bytes]:
    """`zigbee2mqtt/{device}`; `last_seen` is the coordinator's time."""
    return f"zigbee2mqtt/{said.sensor_id}", compact(
        {
            "occupancy": said.occupied,
            "battery": said.battery_pct,
            "linkquality": 120,
            "last_seen": rfc_3339(said.sent_at),
        }
    )


def tasmota(said: Said) -> tuple[str, bytes]:
    """`tele/{device}/SENSOR`, or `STATE` as a sign of life; its `Time` has no offset."""
    local = said.sent_at.replace(tzinfo=None).isoformat(timespec="seconds")
    if said.occupied is None:
        return f"tele/{said.sensor_id}/STATE", compact({"Time": local, "Wifi": {"Signal": -61}})
    return f"tele/{said.sensor_id}/SENSOR", compact(
        {"Time": local, "Switch1": "ON" if said.occupied else "OFF"}
    )


def esphome(said: Said) -> tuple[str, bytes]:
    """`{device}/binary_sensor/desk/state`, or how long the board runs."""
    if said.occupied is None:
        return f"{said.sensor_id}/sensor/uptime/state", str(said.seq).encode()
    return f"{said.sensor_id}/binary_sensor/desk/state", b"ON" if said.occupied else b"OFF"


def homie(said: Said) -> tuple[str, bytes]:
    """`homie/5/{device}/presence/occupied`, or the device's state."""
    if said.occupied is None:
        return f"homie/5/{said.sensor_id}/$state", b"ready"
    return f"homie/5/{said.sensor_id}/presence/occupied", b"true" if said.occupied else b"false"


def shelly(said: Said) -> tuple[str, bytes]:
    """`{device}/events/rpc`; a device whose clock is not set has no `ts`."""
    params: dict[str, object] = {"ts": said.at.timestamp()} if said.at else {}
    if said.occupied is None:
        params["wifi"] = {"rssi": -61}
    else:
        params["presencezone:200"] = {
            "id": 200,
            "value": said.occupied,
            "num_objects": int(said.occupied),
        }
    return f"{said.sensor_id}/events/rpc", compact(
        {
            "src": said.sensor_id,
            "dst": f"{said.sensor_id}/events",
            "method": "NotifyStatus",
            "params": params,
        }
    )


def haltian(said: Said) -> tuple[str, bytes]:
    """`haltian-iot/…/measurements/occupancyStatus/{device}`."""
    return f"haltian-iot/events/akiseki/key/measurements/occupancyStatus/{said.sensor_id}", compact(
        {"measured_at": rfc_3339(said.at) if said.at else None, "isOccupied": said.occupied}
    )


def disruptive(said: Said) -> tuple[str, bytes]:
    """`disruptive/{device}`: a data connector's event, handed on to a broker."""
    at = rfc_3339(said.at or said.sent_at)
    kind, told = "deskOccupancy", {"state": "OCCUPIED" if said.occupied else "NOT_OCCUPIED"}
    if said.occupied is None:
        kind, told = "networkStatus", {}
    return f"disruptive/{said.sensor_id}", compact(
        {
            "eventId": f"{said.boot}{said.seq}",
            "targetName": f"projects/akiseki/devices/{said.sensor_id}",
            "eventType": kind,
            "data": {kind: {**told, "updateTime": at}},
            "timestamp": rfc_3339(said.sent_at),
        }
    )
