"""A file system less careful than littlefs leaves the last write half done, at any byte: FOLDER."""

import os
import sys

from desk_sensor.readings import Reading
from desk_sensor.store import Store, packed


def readings(first, count):
    return [Reading(b"bootboot", seq, seq, True, True, 87, -61) for seq in range(first, first + count)]


folder = sys.argv[1]
record = len(packed(readings(0, 1)[0]))
for torn in range(record + 1):
    for rest in (b"", b"\x00" * torn, b"\xff" * torn):
        Store(folder).append(readings(0, 5))
        path = folder + "/" + os.listdir(folder)[0]
        with open(path, "rb") as file:
            data = file.read()
        with open(path, "wb") as file:
            file.write(data[: len(data) - torn] + rest)
        Store(folder).append(readings(5, 3))
        store = Store(folder)
        seqs = []
        while not store.is_empty:
            reading, number = store.take()
            store.confirm(number)
            seqs.append(reading.seq)
        assert seqs == ([0, 1, 2, 3, 5, 6, 7] if torn else [0, 1, 2, 3, 4, 5, 6, 7]), (torn, rest, seqs)
print("torn", torn)
