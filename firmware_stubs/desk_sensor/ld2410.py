"""The frames of a Hi-Link LD2410 radar on its UART (256,000 baud); pure.

    F4 F3 F2 F1 · length, 2 bytes · kind 02 or 01 (engineering) · AA · target · … · 55 00 · F8 F7 F6 F5

target: bit 0 something moves, bit 1 something is there without moving; other bits are the radar's own noise survey.
"""

_HEAD = b"\xf4\xf3\xf2\xf1"
_TAIL = b"\xf8\xf7\xf6\xf5"
_MOST = 128
_SILENT_MS = 2_000  # it sends ten frames a second


class Radar:
    """What the radar said last."""

    def __init__(self):
        self._data = b""
        self._present = None
        self._at_ms = 0

    def add(self, data, now_ms):
        """Take in bytes as they come; what is no frame is passed over.

        Where many frames come at once, nobody looked for a while: somebody was there if one of them says so.
        """
        self._data += data
        said = list(self._said())
        if said:
            self._present = any(said)
            self._at_ms = now_ms

    def present(self, now_ms):
        """Whether somebody is there; None when the radar has been silent."""
        return self._present if now_ms - self._at_ms <= _SILENT_MS else None

    def _said(self):
        """Of each whole frame whether it says that somebody is there."""
        while True:
            start = self._data.find(_HEAD)
            if start < 0:
                self._data = self._data[-3:]  # perhaps the beginning of a head
                return
            self._data = self._data[start:]
            if len(self._data) < 6:
                return
            length = self._data[4] | self._data[5] << 8
            end = 6 + length + 4
            if length > _MOST or (len(self._data) >= end and self._data[end - 4 : end] != _TAIL):
                self._data = self._data[4:]
                continue
            if len(self._data) < end:
                return
            body = self._data[6 : end - 4]
            self._data = self._data[end:]
            if len(body) >= 5 and body[0] in (1, 2) and body[1] == 0xAA and body[-2] == 0x55:
                yield bool(body[2] & 3)
