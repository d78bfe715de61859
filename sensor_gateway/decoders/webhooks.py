"""What came by HTTP instead of a broker: the same message, under the topic that it would have had."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import sha1, sha256
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from sensor_gateway.decoders import disruptive
from sensor_gateway.decoders.plain import object_of
from sensor_gateway.messages import Envelope, Undecodable

# How far the clock of who signs may be wrong, in seconds.
LEEWAY = 60


def _level(value: Any) -> str:
    """A name as one level of a topic."""
    if not isinstance(value, str) or not value or any(one in "/+#" for one in value):
        raise Undecodable("device")
    return value


def _of(said: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = said.get(name)
    return found if isinstance(found, dict) else {}


def _things_stack(said: Mapping[str, Any], _event: str) -> str:
    ids = _of(said, "end_device_ids")
    application, device = _of(ids, "application_ids").get("application_id", "-"), ids.get("device_id")
    event = "up" if "uplink_message" in said else "join" if "join_accept" in said else "other"
    return f"v3/{_level(application)}/devices/{_level(device)}/{event}"


def _chirpstack(said: Mapping[str, Any], event: str) -> str:
    info = _of(said, "deviceInfo")
    application, device = info.get("applicationId", "-"), info.get("devEui")
    return f"application/{_level(application)}/device/{_level(device)}/event/{_level(event)}"


# Which address of the intake speaks which wire. `event`: ChirpStack names it in the address, as `?event=up`.
POSTED: Mapping[str, Callable[[Mapping[str, Any], str], str]] = {
    "disruptive": disruptive.topic,
    "things-stack": _things_stack,
    "chirpstack": _chirpstack,
}


def envelope_of(wire: str, event: str, body: bytes, received_at: datetime) -> Envelope:
    """A posted body as a message; raises Undecodable."""
    said = object_of(Envelope("", body, received_at))
    return Envelope(POSTED[wire](said, event), body, received_at)


def is_signed(token: str, body: bytes, secret: str, at: datetime) -> bool:
    """Whether a body was signed as Disruptive Technologies' data connector does: `X-Dt-Signature` holds a JSON Web
    Token (HS256) with the body's checksum, good for a while."""
    try:
        claims = jwt.decode(token, OctKey.import_key(secret), algorithms=["HS256"]).claims
    except (JoseError, ValueError, TypeError):
        return False
    expires, long_hash, short_hash = (claims.get(name) for name in ("exp", "checksum_sha256", "checksum"))
    if not isinstance(expires, int | float) or expires + LEEWAY < at.timestamp():
        return False
    # Nothing here is secret, so plain comparison will do, and takes any text: the token is what guards.
    if isinstance(long_hash, str):
        return long_hash.lower() == sha256(body).hexdigest()
    digest = sha1(body, usedforsecurity=False).hexdigest()  # what older connectors send
    return isinstance(short_hash, str) and short_hash.lower() == digest
