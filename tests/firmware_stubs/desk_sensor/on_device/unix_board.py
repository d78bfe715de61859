"""The board of the tests: hardware that is told by UDP what it sees."""

import json
import os
import random
import select
import socket
import time

from desk_sensor.uptime import Uptime


class Board:
    """Takes datagrams on `port`, JSON objects with any of `seen`, `network`, `battery_pct`, `rssi`."""

    def __init__(self, port):
        self._state = {"seen": False, "network": True, "battery_pct": 87, "rssi": -61}
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(socket.getaddrinfo("127.0.0.1", port)[0][-1])
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)
        random.seed(int.from_bytes(os.urandom(4), "little"))
        self.random = random.random
        self.uptime_ms = Uptime().ms

    def seen(self, now_ms):
        while self._poll.poll(0):
            self._state.update(json.loads(self._socket.recv(512)))
        return self._state["seen"]

    def network(self, now_ms):
        return self._state["network"]

    def battery_pct(self):
        return self._state["battery_pct"]

    def rssi(self):
        return self._state["rssi"]

    def rest(self):
        time.sleep_ms(5)
