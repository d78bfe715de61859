"""Models of sensors as data: which of their fields means what, and how their bytes are read where no server did.

A profile is a TOML file here or in the data folder's `profiles`; a new model, LoRaWAN or Zigbee, needs one and no code:

    models = ["VS340", "VS341"]          # names of which a word begins so, whatever their case; the longest decides
    requires = ["temperatureBoard"]      # fields by which an object is known as this model's, where no name told it
    port = 85                            # the LoRaWAN port of what `bytes` reads
    unclear = { detection_status = "unavailable" }   # where a field says so, or one of a list, the device cannot see:
                                         # what else it says is nobody's word. These five stand above all tables
    decoded = ["fault.blind"]            # beside `bytes`: fields that only a server's decoder tells of

    [[occupancy]]                        # the first field that is there decides
    field = "occupancy"                  # or, inside others: "presence.value", "counts.0" of a list
    values = { occupied = true, vacant = false }     # anything else: nothing clear; "pending" etc. as text: that kind
    # or: count = true                   # more than nought is somebody; its kind is motion_count. Of those since the
                                         # last message: by one that only ever rises somebody is there for ever

    [battery]
    field = "battery"                    # per cent; a text that begins with the number is one too: "2.4(low battery)"
    # or: volts = true                   # a voltage; `scale = 0.001` where it is told in thousandths of a volt
    # empty = 2.8                        # of these two voltages: what is left between them, in per cent
    # full = 3.6
    # low = "battery_low"                # true or 1: it is low; false or 0: it is not; where no per cent are known

    [timing]                             # of a sensor of this model for which nobody says otherwise; all in seconds
    heartbeat_s = 3600                   # it speaks at least so often; offline is it after 2.5 times that
    own_hold_s = 300                     # so long it keeps saying occupied after the last movement
    holds_itself = true                  # its vacant has waited for that already: no second hold is laid on it
    detection_delay_s = 60               # so late may its vacant come
    clears_after_s = 30                  # it says occupied only: quiet for so long it counts as vacant

    [[zones]]                            # of a sensor that watches several seats; the first of which fields are there
    field = "region_{n}"                 # its word, as above, or with `count = true` a number of people
    enabled = "region_{n}_enable"        # passed over where this says 0, false, disable, disabled or off
    # name = "seat_{n}"                  # what it is called, where not by its field
    # names = ["left", "right"]          # what stands for {n}, where it is no number
    # or, of a list with an object for each: list = "regions", number = "index", first = 0, field = "count"

    [bytes]
    layout = "channels"                  # [channel, type, value…]; "types": [type, value…]; "fixed": in order
    order = "little"                     # of numbers of several bytes; "big" where nothing is said
    # first = true                       # these bytes are asked before what a server decoded
    fields = [{ channel = 3, type = 0, length = 1, name = "occupancy", values = { 0 = "vacant", 1 = "occupied" } }]
    # `signed`, `mask`, `scale` and `offset` are for numbers; a part without a name is passed over; `names = ["a",
    # "b"]`: several values of one length behind one tag; `parts = [{ length = 4, name = "a" }, …]`: of several lengths;
    # `bits = "region_{n}"`: a field for each bit, region_1 of the lowest, as many as `count` says, a number or the name
    # of a field; `values` are of each bit. One byte of two meanings: `bits = "bit_{n}"`, of which `bit_1` is asked for
    # under [[occupancy]] and `unclear = { bit_8 = 1 }` above. Of firmwares that say the same otherwise on another
    # channel, each part has values of its own; one part may have several channels. `history = true`: of before, at its
    # part `timestamp`. `where = { 4 = 15 }`, of a field or of a part, not of `bytes`: it is meant only where the byte
    # at place 4 is 15, counted from 0 behind the tag; of "fixed", in the whole message.

Which profile a message is read by: of the names of its device the longest that a profile's `models` know, be it a word
of the server's model (The Things Stack: `version_ids.model_id`; ChirpStack: `deviceProfileName`), of the device's own
(`device_id`; `deviceName`), or of the model that the sensor is registered as here. Where no name is known, or the
profile knows none of the fields, those are asked whose `requires` are all there, then those of everything.

Where a zone and the device itself are told of, both are heard. A profile without models and fields of its own is asked
of every object, last. A mistake in a file stops the start and is told with the file's name.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

from sensor_gateway.profiles.files import ProfileError, read
from sensor_gateway.profiles.meanings import Told
from sensor_gateway.profiles.models import Profile, Profiles, by_profile

__all__ = ["Profile", "ProfileError", "Profiles", "Told", "built_in", "by_profile", "load"]

HERE = Path(__file__).parent


def load(folder: Path | None = None) -> Profiles:
    """The profiles of a folder, if it is there, and those of the package. Raises ProfileError."""
    files = sorted(folder.glob("*.toml")) if folder is not None and folder.is_dir() else []
    own = [read(file) for file in files]
    return Profiles(
        [*own, *(replace(read(file), is_of_package=True) for file in sorted(HERE.glob("*.toml")))]
    )


@cache
def built_in() -> Profiles:
    """The profiles of the package."""
    return load()
