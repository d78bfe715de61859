"""A file system less careful than littlefs leaves the last write half done, at any byte; or a bit flips: FOLDER."""

import os
import sys

import desk_sensor.store
from desk_sensor.readings import Reading
from desk_sensor.store import Store, packed


def readings(first, count):
    return [Reading(b"bootboot", seq, seq, True, True, 87, -61) for seq in range(first, first + count)]


def taken(store):
    """What it has, confirmed at once."""
    seqs = []
    while True:
        found = store.take(False)
        if found is None:
            return seqs
        store.confirm(found[1], 0)
        seqs.append(found[0].seq)


def cleared():
    for name in os.listdir(folder):
        os.remove(folder + "/" + name)


def emptied(store):
    seqs = taken(store)
    assert store.is_empty
    store.settle(60_001)
    assert os.listdir(folder) == []
    return seqs


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
        seqs = emptied(store)
        assert seqs == ([0, 1, 2, 3, 5, 6, 7] if torn else [0, 1, 2, 3, 4, 5, 6, 7]), (torn, rest, seqs)

for place in (0, 5, 127):
    cleared()
    Store(folder).append(readings(0, 130))
    path = folder + "/" + min(os.listdir(folder))
    with open(path, "rb") as file:
        data = bytearray(file.read())
    data[place * record + 9] ^= 1
    with open(path, "wb") as file:
        file.write(data)
    store = Store(folder)
    assert taken(store) == [seq for seq in range(130) if seq != place]
    assert store.dropped == 1
    store.repeat(from_mark=False)
    while store.take(True):
        pass
    assert store.dropped == 1  # however often it is read

# A record that rots between two tellings: fewer are whole than were confirmed.
for confirmed in (8, 9):
    cleared()
    Store(folder).append(readings(0, 10))
    store = Store(folder)
    for _ in range(confirmed):
        store.confirm(store.take(False)[1], 0)
    store.repeat(from_mark=True)
    path = folder + "/" + os.listdir(folder)[0]
    with open(path, "rb") as file:
        data = bytearray(file.read())
    data[2 * record + 9] ^= 1
    with open(path, "wb") as file:
        file.write(data)
    assert taken(store) == [9]
    assert store.dropped == 1

# A segment that cannot be opened for once.
cleared()
Store(folder).append(readings(0, 130))
path = folder + "/" + min(os.listdir(folder))
os.rename(path, path + ".away")
os.mkdir(path)
store = Store(folder)
assert taken(store) == [128, 129]
os.rmdir(path)
os.rename(path + ".away", path)
store.repeat(from_mark=False)
again = []
for is_repeat in (True, False):
    while True:
        found = store.take(is_repeat)
        if found is None:
            break
        store.confirm(found[1], 0)
        again.append(found[0].seq)
assert again == list(range(130)), again
assert (store.dropped, store.is_empty) == (0, True)


class Refusing:
    """A file that takes half of what it is given."""

    def __init__(self, file):
        self._file = file

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._file.close()

    def write(self, data):
        self._file.write(data[: len(data) // 2])
        raise OSError(28)


def opened(path, mode):
    file = open(path, mode)  # noqa: SIM115
    return Refusing(file) if mode == "ab" else file


def refused(store, some):
    """Whether it does not take them, where no file takes more than half."""
    desk_sensor.store.open = opened
    try:
        store.append(some)
    except OSError:
        return True
    finally:
        del desk_sensor.store.open
    return False


# A flash that refuses: what it did not take is the caller's, and not dropped.
cleared()
store = Store(folder)
for _ in range(3):
    assert refused(store, readings(0, 40))
    assert (os.listdir(folder), store.dropped, store.is_empty) == ([], 0, True)
store.append(readings(0, 40))
assert taken(store) == list(range(40))

# It refuses amid a segment: what that had stays; what waits longest makes room, and is counted.
cleared()
store = Store(folder)
store.append(readings(0, 128))
store.append(readings(128, 10))
for _ in range(2):
    assert refused(store, readings(138, 5))
    assert store.dropped == 128
store.append(readings(138, 5))
seqs = taken(store)
assert [seq for seq in seqs if seq < 138] == list(range(128, 138)), seqs
assert seqs[-5:] == list(range(138, 143)), seqs
print("torn", torn)
