"""The ESP32's board and main program, with stand-ins for pins, radio and watchdog: FOLDER for its files.

What is tried is how the board wires them; how they behave is the chip's affair.
"""

import json
import os
import sys


class Pin:
    IN, PULL_DOWN, IRQ_RISING = 1, 2, 1

    def __init__(self, number, mode=None, pull=None):
        self.number = number

    def __call__(self):
        return 1

    def irq(self, handler, trigger):
        assert trigger == Pin.IRQ_RISING


class ADC:
    ATTN_11DB = 3

    def __init__(self, pin, atten):
        self._uv = {34: 1_600_000, 35: 1_900_000}[pin.number]

    def read_uv(self):
        return self._uv


class UART:
    def __init__(self, number, baudrate, tx, rx, rxbuf):
        assert (baudrate, tx, rx) == (256_000, 17, 16)
        assert rxbuf >= 14 * 10 * 23  # ten frames a second while two name servers are silent

    def read(self):
        return b"\xf4\xf3\xf2\xf1\x0d\x00\x02\xaa\x02\x33\x00\x00\x48\x00\x64\x29\x00\x55\x00\xf8\xf7\xf6\xf5"


class WDT:
    fed = 0

    def __init__(self, timeout):
        assert timeout > 15_000

    def feed(self):
        WDT.fed += 1
        if WDT.fed == 3:
            raise KeyboardInterrupt  # enough turns of a loop that has no end


class WLAN:
    def __init__(self, interface):
        self._is_connected = False

    def active(self, is_on):
        assert is_on

    def isconnected(self):
        return self._is_connected

    def connect(self, ssid, password):
        assert (ssid, password) == ("office", "secret")
        self._is_connected = True

    def status(self, what):
        assert what == "rssi"
        return -55


class machine:  # noqa: N801  stands in for a module
    pass


class network:  # noqa: N801
    STA_IF = 0


machine.Pin, machine.ADC, machine.UART, machine.WDT = Pin, ADC, UART, WDT
network.WLAN = WLAN
sys.modules["machine"], sys.modules["network"] = machine, network

from desk_sensor.board import Board  # noqa: E402
from desk_sensor.settings import completed  # noqa: E402

given = {
    "id": "desk-1",
    "password": "x",
    "broker": {"host": "127.0.0.1", "port": 9},
    "ntp": {"host": "127.0.0.1", "port": 9},
    "wifi": {"ssid": "office", "password": "secret"},
    "battery": {"pin": 35, "ratio": 2},
    "store": {"folder": sys.argv[1] + "/store"},
}
for source in (
    {"kind": "pir", "pin": 4},
    {"kind": "radar_pin", "pin": 4},
    {"kind": "radar", "tx": 17, "rx": 16},
    {"kind": "pressure", "pin": 34, "on_mv": 1_500, "off_mv": 1_000},
):
    given["input"] = source
    board = Board(completed(given))
    assert board.seen(board.uptime_ms()) is True, source
    assert board.rssi() is None
    assert board.network(0) is False
    assert board.network(10) is True
    assert (board.battery_pct(), board.rssi()) == (50, -55)

with open(sys.argv[1] + "/settings.json", "w") as file:
    json.dump(given, file)
from desk_sensor import settings as where  # noqa: E402

os.chdir(sys.argv[1])
where.load = lambda: completed(json.load(open("settings.json")))  # noqa: SIM115
try:
    __import__("desk_sensor.main")
except KeyboardInterrupt:
    pass
assert WDT.fed == 3
print("turns", WDT.fed)
