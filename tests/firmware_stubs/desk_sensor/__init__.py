"""The desk sensor's program, run by a real MicroPython against a real Mosquitto."""
