"""Sensors that exist in software only: they speak the wires of real ones, as a real fleet would."""
