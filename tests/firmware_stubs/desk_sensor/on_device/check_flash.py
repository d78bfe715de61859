"""The power fails at each write and each erasure of a real file system, littlefs, once: SEGMENTS the store may have.

What the interpreter says of a locked heap on its way are files of before a cut, which it cannot close any more.
"""

import sys

try:
    import vfs
except ImportError:  # before 1.23
    import os as vfs

from desk_sensor.readings import Reading
from desk_sensor.store import Store

_BLOCK = 4_096
_BLOCKS = 64
BATCHES = 12
PER_BATCH = 30


class PowerCut(Exception):
    """From here on there is no power."""


class Flash:
    """Blocks as NOR flash has them. The operation after `lives` others stops half way, and nothing works after it."""

    def __init__(self, data=None):
        self.data = data or bytearray(b"\xff" * (_BLOCK * _BLOCKS))
        self.done = 0
        self.lives = None

    def _spend(self, start, length):
        """How many bytes the operation may still change."""
        if self.lives is not None and self.done > self.lives:
            raise PowerCut
        self.done += 1
        return length // 2 if self.lives is not None and self.done > self.lives else length

    def readblocks(self, block, buffer, offset=0):
        start = block * _BLOCK + offset
        buffer[:] = memoryview(self.data)[start : start + len(buffer)]

    def writeblocks(self, block, buffer, offset=0):
        start = block * _BLOCK + offset
        length = self._spend(start, len(buffer))
        self.data[start : start + length] = buffer[:length]
        if length < len(buffer):
            raise PowerCut

    def ioctl(self, operation, argument):
        if operation == 4:
            return _BLOCKS
        if operation == 5:
            return _BLOCK
        if operation == 6:
            start = argument * _BLOCK
            length = self._spend(start, _BLOCK)
            self.data[start : start + length] = b"\xff" * length
            if length < _BLOCK:
                raise PowerCut
        return 0


def batch(number):
    first = number * PER_BATCH
    return [
        Reading(b"bootboot", seq, seq, True, bool(seq & 1), 87, -61)
        for seq in range(first, first + PER_BATCH)
    ]


def work(segments, kept, confirmed):
    """Twelve batches, and what the network takes in between; notes what is surely kept and surely gone."""
    store = Store("/flash/store", segments)
    for number in range(BATCHES):
        readings = batch(number)
        store.append(readings)
        kept.extend(readings)
        for _ in range(20 if number % 3 == 2 else 0):
            found = store.take(False)
            if found is None:
                break
            store.confirm(found[1], number)
            confirmed.append(found[0])
        store.settle(60_000 + number)


def cut_after(lives, segments, empty):
    """What is left after the power failed then: whether it failed at all."""
    flash = Flash(bytearray(empty))
    vfs.mount(vfs.VfsLfs2(flash), "/flash")
    flash.lives = lives
    kept, confirmed = [], []
    try:
        work(segments, kept, confirmed)
        is_cut = False
    except PowerCut:
        is_cut = True
    vfs.umount("/flash")

    again = Flash(bytearray(flash.data))
    vfs.mount(vfs.VfsLfs2(again), "/flash")
    store = Store("/flash/store", segments)
    left = []
    while True:
        found = store.take(False)
        if found is None:
            break
        store.confirm(found[1], 0)
        left.append(found[0])
    assert store.is_empty
    vfs.umount("/flash")

    seqs = [reading.seq for reading in left]
    assert seqs == list(range(seqs[0], seqs[0] + len(seqs))) if seqs else True, (lives, seqs)
    assert all(reading == batch(reading.seq // PER_BATCH)[reading.seq % PER_BATCH] for reading in left)
    surely = [reading.seq for reading in kept if reading not in confirmed]
    if segments >= 4:
        assert not set(surely) - set(seqs), (lives, sorted(set(surely) - set(seqs)))
    elif surely:
        # The bound has let the oldest go, never the newest.
        assert seqs[-1] >= surely[-1], (lives, seqs[-1], surely[-1])
        assert len(seqs) >= min(len(surely), (segments - 1) * 128)
    return is_cut


segments = int(sys.argv[1])
new = Flash()
vfs.VfsLfs2.mkfs(new)
vfs.mount(vfs.VfsLfs2(new), "/flash")
Store("/flash/store")
vfs.umount("/flash")
cuts = 0
while cut_after(cuts, segments, new.data):
    cuts += 1
print("cuts", cuts)
