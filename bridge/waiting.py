"""What waits to take over on each track, told when it changes.

none        what sounds is what was chosen
boundary    a take is ready and comes in at its beat, bar or loop
launch      with `manual`: a take is ready, and waits for /rg/launch
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from bridge.player import Player
from engine.events import TrackWaiting


class Waiting:
    """Look at it now and then, on the control thread."""

    def __init__(self, tracks: Sequence[str], player: Player, held: Callable[[], Collection[str]]) -> None:
        """`held`: the tracks whose next take waits for a launch."""
        self.player = player
        self.held = held
        self.events = {track: TrackWaiting(track, "none") for track in tracks}

    def look(self) -> list[TrackWaiting]:
        """What is different from the last time."""
        held = self.held()
        changed = []
        for track, before in self.events.items():
            waits = self.player.pending(track) is not None
            now = TrackWaiting(track, "launch" if track in held else "boundary" if waits else "none")
            if now != before:
                self.events[track] = now
                changed.append(now)
        return changed

    def snapshot(self) -> list[TrackWaiting]:
        return [*self.events.values()]
