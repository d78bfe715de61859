"""Sensors that exist in software only: they speak the native wire as a real fleet would."""
