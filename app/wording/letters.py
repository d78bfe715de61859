"""Why a sensor's message could not be taken, in words for whoever looks after the sensors."""

from __future__ import annotations

from collections.abc import Mapping

from flask_babel import lazy_gettext
from flask_babel.speaklater import LazyString

LETTERS: Mapping[str, LazyString] = {
    "unknown_sensor": lazy_gettext("no sensor of this name is known: add it, or leave its topic out"),
    "topic": lazy_gettext("no wire has such a topic"),
    "sensor_id": lazy_gettext("no sensor can be called that"),
    "two_devices": lazy_gettext(
        "another device of this name was heard within a day, at another bridge, application or place: give each its own"
    ),
    "not_a_bridge": lazy_gettext("a sensor speaks for another one here: only what is no sensor itself may"),
    "device": lazy_gettext("it names no device"),
    "event": lazy_gettext("it is no event of a sensor"),
    "not_json": lazy_gettext("it is not JSON"),
    "not_an_object": lazy_gettext("it is JSON, but no object"),
    "not_utf8": lazy_gettext("it is not UTF-8"),
    "not_cbor": lazy_gettext("it is not CBOR"),
    "payload": lazy_gettext("what it wraps is not Base64"),
    "not_protobuf": lazy_gettext("it is not Protobuf"),
    "too_large": lazy_gettext("it is too large"),
    "boot": lazy_gettext("“boot” is missing or wrong"),
    "seq": lazy_gettext("“seq” is missing or wrong"),
    "occupied": lazy_gettext("“occupied” is neither true nor false nor null"),
    "observed_at": lazy_gettext("“observed_at” is no time with an offset"),
    "battery_pct": lazy_gettext("“battery_pct” is no whole number from 0 to 100"),
    "rssi": lazy_gettext("“rssi” is no whole number from -200 to 100"),
    "status": lazy_gettext("its status is no word of this wire"),
    "clock_ahead": lazy_gettext("its clock is more than 5 minutes ahead"),
    "clock_behind": lazy_gettext("its clock is more than 30 days behind"),
    "unstorable": lazy_gettext("the database cannot hold what it says"),
    "decoder": lazy_gettext("a fault of the program: please report this message"),
}
