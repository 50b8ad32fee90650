"""The JACK transport with the bar and beat of another program (its timebase master)."""

from __future__ import annotations

from collections.abc import Callable

from bridge.clock.reading import Reading
from bridge.player import Player
from engine.errors import EngineError


class JackClock:
    """See `Source`. `by_hand`: whether it was chosen by name; then our own bar and beat will do as well."""

    def __init__(self, player: Player, by_hand: Callable[[], bool]) -> None:
        self._player, self._by_hand = player, by_hand

    def read(self, now_s: float) -> Reading | None:
        here = self._player.transport()
        if here.following:
            detail = "another program's bar and beat on the JACK transport"
            return Reading(
                here.rolling, here.beat, here.tempo_bpm, here.signature, certain=True, detail=detail
            )
        if not self._by_hand() or not self._is_on_server():
            return None
        detail = "the JACK transport; bar and beat are ours"
        return Reading(here.rolling, here.beat, here.tempo_bpm, detail=detail)

    def check(self) -> None:
        if not self._is_on_server():
            raise EngineError("not_available", "no JACK server is connected; start jackd, then ask again")

    def _is_on_server(self) -> bool:
        """The silent player, too, is connected to all it needs; but it has no blocks."""
        return self._player.status().block_size > 0
