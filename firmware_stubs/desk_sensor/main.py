"""Goes to the root of the ESP32's flash as `main.py`; what it raises, the watchdog answers with a new start."""

from desk_sensor.board import Board
from desk_sensor.sensor import Sensor
from desk_sensor.settings import load

settings = load()
board = Board(settings)
sensor = Sensor(board, settings)
while True:
    sensor.turn()
    board.rest()
