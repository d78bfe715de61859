"""A desk sensor in MicroPython: ESP32 with PIR, mmWave radar or a pressure mat. Imports what MicroPython has."""
