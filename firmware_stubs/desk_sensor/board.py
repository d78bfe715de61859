"""The ESP32's hardware, and the only module that imports what is nowhere else."""

import random
import time

import network
from desk_sensor.backoff import Backoff
from desk_sensor.inputs import Level, Pressure, RadarFrames, battery_pct
from desk_sensor.uptime import Uptime
from desk_sensor.wifi import Wifi
from machine import ADC, UART, WDT, Pin

# Longer than the name service of ESP-IDF waits, the one thing that holds the main loop up.
_WATCHDOG_MS = 60_000
_PAUSE_MS = 20
_RADAR_BYTES = 4_096  # what a radar says in 17 seconds, while the name service holds the main loop up


def _millivolts(pin):
    adc = ADC(Pin(pin), atten=ADC.ATTN_11DB)
    return lambda: adc.read_uv() // 1000


def _input(settings):
    kind = settings["kind"]
    if kind in ("pir", "radar_pin"):
        return Level(Pin(settings["pin"], Pin.IN, Pin.PULL_DOWN))
    if kind == "radar":
        return RadarFrames(
            UART(1, baudrate=256_000, tx=settings["tx"], rx=settings["rx"], rxbuf=_RADAR_BYTES)
        )
    if kind == "pressure":
        return Pressure(_millivolts(settings["pin"]), settings["on_mv"], settings["off_mv"])
    raise ValueError("settings.json: no such input: " + kind)


class Board:
    """An ESP32 with one input and perhaps a battery behind a voltage divider."""

    def __init__(self, settings):
        wifi = settings["wifi"]
        self._uptime = Uptime()
        self._wlan = network.WLAN(network.STA_IF)
        self._wlan.active(
            True
        )  # with the radio on, the chip's random numbers are true ones: `boot` comes next
        self._wifi = Wifi(self._wlan, wifi["ssid"], wifi["password"], Backoff(1_000, 120_000, random.random))
        self._input = _input(settings["input"])
        battery = settings["battery"]
        self._ratio = battery and battery["ratio"]
        self._battery_mv = battery and _millivolts(battery["pin"])
        self._watchdog = WDT(timeout=_WATCHDOG_MS)
        self.seen = self._input.seen
        self.network = self._wifi.turn
        self.uptime_ms = self._uptime.ms
        self.random = random.random

    def battery_pct(self):
        return battery_pct(int(self._battery_mv() * self._ratio)) if self._battery_mv else None

    def rssi(self):
        return self._wlan.status("rssi") if self._wlan.isconnected() else None

    def rest(self):
        """The end of a turn: the watchdog is fed here and nowhere else."""
        self._watchdog.feed()
        time.sleep_ms(_PAUSE_MS)
