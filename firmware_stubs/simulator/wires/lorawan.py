"""LoRaWAN by way of a network server, as a Milesight VS341 says it: decoded by The Things Stack 3, in bytes from
ChirpStack 4. The server dates a frame; what was kept comes in the model's `history`, dated by the device.

JSON made from protobuf leaves out what is zero: the first frame of a session has no counter.
"""

from __future__ import annotations

import base64

from firmware_stubs.simulator.wires.said import Said, compact, rfc_3339

MODEL = "VS341"
PORT = 85
RSSI = -97


def things_stack(said: Said) -> tuple[str, bytes]:
    """`v3/akiseki@ttn/devices/{device}/up`."""
    counter = {"f_cnt": said.seq} if said.seq else {}
    sent_at = rfc_3339(said.sent_at)
    return f"v3/akiseki@ttn/devices/{said.sensor_id}/up", compact(
        {
            "end_device_ids": {"device_id": said.sensor_id},
            "received_at": sent_at,
            "uplink_message": {
                "session_key_id": said.boot,
                **counter,
                "f_port": PORT,
                "decoded_payload": _history(said) or {"battery": said.battery_pct, **_occupancy(said)},
                "rx_metadata": [{"gateway_ids": {"gateway_id": "roof"}, "time": sent_at, "rssi": RSSI}],
                "version_ids": {"brand_id": "milesight-iot", "model_id": MODEL},
            },
        }
    )


def chirpstack(said: Said) -> tuple[str, bytes]:
    """`application/akiseki/device/{device}/event/up`."""
    content = bytes((0x01, 0x75, said.battery_pct))
    if said.occupied is not None:
        content += bytes((0x03, 0x00, said.occupied))
    history = _history(said)
    return f"application/akiseki/device/{said.sensor_id}/event/up", compact(
        {
            "time": rfc_3339(said.sent_at),
            "deviceInfo": {"deviceProfileName": MODEL, "devEui": said.sensor_id},
            # Each session has a new address and counts from the beginning.
            "devAddr": said.boot[:8],
            "fCnt": said.seq or None,
            "fPort": PORT,
            "data": None if history else base64.b64encode(content).decode(),
            "object": history,
            "rxInfo": [{"gatewayId": "roof", "rssi": RSSI}],
        }
    )


def _occupancy(said: Said) -> dict[str, object]:
    return {} if said.occupied is None else {"occupancy": "occupied" if said.occupied else "vacant"}


def _history(said: Said) -> dict[str, object] | None:
    if not said.kept or said.at is None:
        return None
    return {"history": [{"timestamp": int(said.at.timestamp()), **_occupancy(said)}]}
