"""Runs the desk sensor: FILE of settings, PORT of the board."""

import sys

from desk_sensor.sensor import Sensor
from desk_sensor.settings import load
from unix_board import Board

board = Board(int(sys.argv[2]))
sensor = Sensor(board, load(sys.argv[1]))
taken = 0
while True:
    sensor.turn()
    if sensor.seq > taken:
        taken = sensor.seq
        print("seen", taken)
    board.rest()
