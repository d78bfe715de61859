"""A desk that somebody sits down at and leaves at every turn: FILE of settings, COUNT of readings, options.

--blind: goes on while nothing can be told · --after N: the packet id used last · --stay: does not end
"""

import json
import sys
import time

from desk_sensor.sensor import Sensor
from desk_sensor.settings import load
from desk_sensor.uptime import Uptime


class Busy:
    """Changes when what it saw before is under way; blind, every time."""

    def __init__(self):
        self.sensor = None
        self._seen = False
        self.uptime_ms = Uptime().ms

    def seen(self, now_ms):
        sensor = self.sensor
        if sensor.seq < COUNT and (IS_BLIND or (sensor.client.has_room and not sensor.outbox.waiting)):
            self._seen = not self._seen
        return self._seen

    def network(self, now_ms):
        return True

    def battery_pct(self):
        return 87

    def rssi(self):
        return -61

    def random(self):
        return 0.5


COUNT = int(sys.argv[2])
IS_BLIND = "--blind" in sys.argv
board = Busy()
sensor = Sensor(board, load(sys.argv[1]))
board.sensor = sensor
if "--after" in sys.argv:
    sensor.client.last_id = int(sys.argv[sys.argv.index("--after") + 1])
started_ms = board.uptime_ms()
while sensor.seq < COUNT:
    sensor.turn()
print("all taken")
while not sensor.outbox.is_empty:
    sensor.turn()
taken_ms = board.uptime_ms() - started_ms
print(json.dumps({"told": sensor.seq, "ms": taken_ms, "dropped": sensor.outbox.dropped}))
while "--stay" in sys.argv:
    sensor.turn()
    time.sleep_ms(5)
