"""Writes readings to a store without end, saying how far it surely is: FOLDER, FIRST; or --read: what is there."""

import sys

from desk_sensor.readings import Reading
from desk_sensor.store import Store

store = Store(sys.argv[1])
if "--read" in sys.argv:
    while True:
        found = store.take(False)
        if found is None:
            break
        store.confirm(found[1], 0)
        print(found[0].seq)
    store.settle(60_001)
else:
    seq = int(sys.argv[2])
    while True:
        size = 1 + seq % 40
        store.append(
            [Reading(b"bootboot", number, number, True, True, 87, -61) for number in range(seq, seq + size)]
        )
        seq += size
        print(seq)
