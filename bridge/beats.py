"""When the transport passes a beat."""

from __future__ import annotations

import math

from bridge.player import Transport
from engine.events import Beat


class BeatFollower:
    """Turns a transport looked at now and then into one event for each beat it has reached."""

    def __init__(self) -> None:
        self.last: int | None = None

    def follow(self, transport: Transport) -> Beat | None:
        """The beat the transport is in, if that is news. Bars and beats count from 1."""
        if not transport.rolling:
            self.last = None
            return None
        signature = transport.signature
        # In units of the signature; a hair early is on time (frames are rounded to whole samples).
        index = math.floor(transport.beat * signature.unit / 4.0 + 1e-6)
        if index == self.last:
            return None
        self.last = index
        bar, beat = divmod(index, signature.beats)
        return Beat(bar + 1, beat + 1, transport.tempo_bpm)
