"""A broker confirms and then falls: what is told again, in which order, and what the flash holds meanwhile: FOLDER."""

import os
import sys

from desk_sensor.outbox import Outbox
from desk_sensor.readings import Reading
from desk_sensor.store import Store

MINUTE_MS = 60_000
FOLDER = sys.argv[1]


def an_outbox(offline, segments=32):
    """After an outage with so many readings, all of them in flash."""
    for name in os.listdir(FOLDER):
        os.remove(FOLDER + "/" + name)
    outbox = Outbox(Store(FOLDER, segments))
    add(outbox, range(offline))
    outbox.save(MINUTE_MS, False)
    assert not outbox.waiting
    return outbox


def add(outbox, seqs):
    for seq in seqs:
        outbox.add(Reading(b"bootboot", seq, seq, True, True, 87, -61), 0)
        outbox.save(0, False)


def told(outbox, now_ms, most=10_000):
    """What a broker gets and confirms."""
    seqs = []
    while len(seqs) < most:
        found = outbox.take()
        if found is None:
            break
        outbox.confirm(found, now_ms)
        seqs.append(found[0].seq)
    return seqs


Store(FOLDER)
ALL = list(range(500))

# The broker falls as often as it likes, after however long a pause.
outbox = an_outbox(500)
assert told(outbox, 0) == ALL
assert outbox.is_empty
told_ms = 0
for _ in range(3):
    outbox.connection_lost(told_ms + 1_000)
    assert not outbox.is_empty
    told_ms += 200_000
    assert told(outbox, told_ms) == ALL, told_ms
outbox.settle(told_ms + 10_000)
assert len(os.listdir(FOLDER)) == 4
outbox.settle(told_ms + 10_001)
assert os.listdir(FOLDER) == []
outbox.connection_lost(told_ms + 10_001)
assert told(outbox, told_ms + 2 * MINUTE_MS) == []
print("told again until the broker has lived for a minute")

# The minute counts from the first time, over however many connections; what was never confirmed is not gone by it.
outbox = an_outbox(128 + 20)
assert told(outbox, 0, 128) == ALL[:128]
for told_ms, count in ((20_000, 130), (40_000, 132), (MINUTE_MS + 1_000, 134)):
    outbox.connection_lost(told_ms - 1_000)
    assert told(outbox, told_ms, count) == ALL[:count]
outbox.settle(MINUTE_MS + 11_001)
assert len(os.listdir(FOLDER)) == 1
outbox.connection_lost(MINUTE_MS + 11_001)
assert told(outbox, 2 * MINUTE_MS) == ALL[128:148]
print("a minute since the first time")

# Confirmed in any order, some of it not: all of it again.
outbox = an_outbox(8)
tokens = [outbox.take() for _ in range(8)]
for token in tokens[:0:-1]:
    outbox.confirm(token, 0)
outbox.settle(2 * MINUTE_MS)
assert (len(os.listdir(FOLDER)), outbox.is_empty) == (1, False)
outbox.connection_lost(2 * MINUTE_MS)
assert told(outbox, 3 * MINUTE_MS) == ALL[:8]
outbox.settle(4 * MINUTE_MS)
assert len(os.listdir(FOLDER)) == 1
outbox.settle(4 * MINUTE_MS + 1)
assert os.listdir(FOLDER) == []
print("in any order")

# It falls amid the outage's readings, some of them under way.
outbox = an_outbox(500)
assert told(outbox, 0, 300) == ALL[:300]
under_way = [outbox.take() for _ in range(8)]
outbox.connection_lost(1_000)
for token in under_way:
    outbox.confirm(token, 2_000)
assert told(outbox, 2_000) == ALL
assert outbox.is_empty
print("told again from the first")

# What came in live is between: after the outage before it, before the outage after it.
outbox = an_outbox(200)
add(outbox, range(200, 230))
told(outbox, 0)
add(outbox, range(230, 300))
outbox.save(MINUTE_MS, False)
outbox.connection_lost(1_000)
assert told(outbox, 2_000) == ALL[:300]
print("told in order")

# Live, as much as a minute has with a hold of 2 s; where there is more, the newest of it.
for count in (60, 70):
    outbox = an_outbox(0)
    for seq in range(count):
        add(outbox, [seq])
        assert told(outbox, seq * 800) == [seq]
    outbox.connection_lost(count * 800)
    assert told(outbox, MINUTE_MS) == ALL[max(0, count - 64) : count]
print("told again of a busy minute")

# A network that breaks all the time: the new gets on, and all is told again once it holds.
for each in (8, 20, 64, 200):
    outbox = an_outbox(500)
    add(outbox, range(500, 520))
    known, now_ms, connections = set(), 0, 0
    while len(known) < 520:
        known |= set(told(outbox, now_ms, each))
        now_ms += 1_000
        outbox.connection_lost(now_ms)
        connections += 1
        assert connections <= 2 * 520 // each + 2, (each, len(known))
    rest = set(told(outbox, now_ms))
    assert outbox.is_empty
    outbox.settle(now_ms + MINUTE_MS + 1)
    assert os.listdir(FOLDER) == []
    assert now_ms >= MINUTE_MS or len(rest) == 520, (each, len(rest))
print("a network that breaks all the time gets on")

# The same where no more comes through than was under way when it broke.
outbox = an_outbox(100)
known, under_way, now_ms = set(), [], 0
while len(known) < 100:
    for token in under_way:
        outbox.confirm(token, now_ms)
        known.add(token[0].seq)
    under_way = [token for token in [outbox.take() for _ in range(8)] if token]
    now_ms += 1_000
    outbox.connection_lost(now_ms)
    assert now_ms < 60_000, len(known)
print("eight at a time get on")

# Connections too short for a segment: telling it again goes on where it broke, and five times are enough.
outbox = an_outbox(128)
times, now_ms = [0] * 128, 0
while os.listdir(FOLDER):
    for seq in told(outbox, now_ms, 40):
        times[seq] += 1
    outbox.settle(now_ms)
    now_ms += 300_000
    outbox.connection_lost(now_ms - 299_000)
    assert max(times) < 10, times
assert min(times) == 5, times
print("forty at a time have an end")

# One that holds after them tells the rest, then all of it in order; ten seconds count from there.
outbox = an_outbox(128)
for now_ms, most in ((0, 128), (300_000, 40)):
    told(outbox, now_ms, most)
    outbox.connection_lost(now_ms + 1_000)
assert told(outbox, 600_000, 88) == ALL[40:128]
outbox.settle(611_000)
assert len(os.listdir(FOLDER)) == 1
assert told(outbox, 611_000) == ALL[:128]
outbox.settle(621_000)
assert len(os.listdir(FOLDER)) == 1
outbox.settle(621_001)
assert os.listdir(FOLDER) == []
print("all of it on the connection that holds")

# Where none holds, a connection that told the rest and then all of it counts once.
outbox = an_outbox(128)
now_ms, connections = 0, 0
while os.listdir(FOLDER):
    told(outbox, now_ms, 40 if connections % 2 else 10_000)
    outbox.settle(now_ms)
    now_ms += 300_000
    outbox.connection_lost(now_ms - 299_000)
    connections += 1
assert connections == 9, connections
print("a connection counts once")


def waves(up_s, down_s, hours, every_s=30):
    """A link that comes and goes: how many readings, how often published, most segments at once."""
    outbox = an_outbox(0)
    seqs, published, most = set(), 0, 0
    count, is_up, switch_s = 0, False, down_s
    for now_s in range(0, hours * 3_600, 5):
        if now_s % every_s == 0:
            outbox.add(Reading(b"bootboot", count, now_s, True, True, 87, -61), now_s * 1000)
            count += 1
        if now_s >= switch_s:
            is_up = not is_up
            switch_s = now_s + (up_s if is_up else down_s)
            if not is_up:
                outbox.connection_lost(now_s * 1000)
        if is_up:
            outbox.settle(now_s * 1000)
            some = told(outbox, now_s * 1000, 40)
            published += len(some)
            seqs |= set(some)
        outbox.save(now_s * 1000, is_up)
        most = max(most, len(os.listdir(FOLDER)))
    assert count - len(seqs) <= 10, (up_s, count, len(seqs))  # of the last wave
    assert not outbox.dropped
    return count, published, most


# A link that never holds for a minute: each reading twice or so, and no segment stays for ever.
for up_s, down_s in ((50, 70), (55, 5), (40, 20), (20, 300), (15, 90)):
    count, published, most = waves(up_s, down_s, 6)
    assert published <= 3 * count, (up_s, count, published)
    assert most <= 2, (up_s, most)
count, published, most = waves(5, 70, 6)  # nor where it never holds for 10 s
assert published <= 5 * count, (count, published)
assert most <= 12, most
print("a link that never holds")

# At the bound what was confirmed goes first, uncounted; then what waits longest, counted.
outbox = an_outbox(3 * 128, segments=4)
assert told(outbox, 0, 150) == ALL[:150]
add(outbox, range(384, 384 + 2 * 128))
assert (len(os.listdir(FOLDER)), outbox.dropped) == (4, 0)
add(outbox, range(640, 640 + 32))
assert (len(os.listdir(FOLDER)), outbox.dropped) == (4, 128 - 22)
print("the bound holds")
