"""The swaps that were handed to the callback, and the loops it may still be reading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bridge.player import Loop
from bridge.timeline import Timeline

if TYPE_CHECKING:
    from bridge.jack_memory import Memory, Snapshot


@dataclass(frozen=True)
class Moment:
    """When a swap happens: at a frame of the transport, and where it waits for a beat, with that."""

    frame: int
    beat: float | None = None


@dataclass(frozen=True)
class Order:
    """One swap that was handed to the callback. Holds the samples alive while the callback may read them."""

    generation: int
    loop: Loop | None
    samples: NDArray[np.float32] | None
    moment: Moment


class Orders:
    """Of each track those that the callback may use, oldest first."""

    def __init__(self, tracks: Sequence[str]) -> None:
        self._tracks = tuple(tracks)
        self._orders: dict[str, list[Order]] = {track: [] for track in tracks}
        self._generation = 0

    def write(self, memory: Memory, loops: Mapping[str, Loop | None], moments: Mapping[str, Moment]) -> None:
        """Let the callback have these loops from their moments on; where one has passed, at once. They are
        handed over together, by `Memory.publish`."""
        self._generation += 1
        rate = int(memory.header["sample_rate"][0])
        for track, loop in loops.items():
            samples = None if loop is None else loop.rendered(rate)
            self._orders[track].append(Order(self._generation, loop, samples, moments[track]))
            length, beats = (0, 0.0) if loop is None else (loop.length_samples, loop.length_beats)
            events = None if loop is None or loop.midi is None else loop.midi.events
            before = None if loop is None or loop.midi_before is None else loop.midi_before.events
            row = (self._generation, samples, length, moments[track].frame, events, beats, before)
            memory.order(self._tracks.index(track), *row)

    def latest(self, track: str) -> Loop | None:
        """The loop that waits, or else the one that plays."""
        orders = self._orders[track]
        return orders[-1].loop if orders else None

    def all_latest(self) -> dict[str, Loop | None]:
        """Of the tracks that were ever given one."""
        return {track: orders[-1].loop for track, orders in self._orders.items() if orders}

    @property
    def has_music(self) -> bool:
        """Whether any track plays, or will, as far as is known."""
        return any(order.loop is not None for orders in self._orders.values() for order in orders)

    def playing(self, track: str, now: Snapshot) -> Loop | None:
        generation = now.in_use[self._tracks.index(track), 0]
        return next((o.loop for o in self._orders[track] if o.generation == generation), None)

    def pending(self, track: str, now: Snapshot) -> Moment | None:
        """Of a swap that has not happened yet."""
        latest = self._orders[track][-1:]
        playing = now.in_use[self._tracks.index(track), 0]
        return latest[0].moment if latest and latest[0].generation > playing else None

    def keep_beats(self, memory: Memory, now: Snapshot, timeline: Timeline) -> bool:
        """Swaps that wait for a beat happen where this timeline has it; whether any has moved, and is to be
        handed over."""
        moved = {}
        for track in self._tracks:
            moment = self.pending(track, now)
            if moment is None or moment.beat is None:
                continue
            frame = timeline.swap_frame(moment.frame, moment.beat)
            if frame != moment.frame:
                moved[track] = Moment(frame, moment.beat)
        if moved:
            self.write(memory, {track: self.latest(track) for track in moved}, moved)
        return bool(moved)

    def let_go(self, memory: Memory, now: Snapshot) -> None:
        """Drop the loops that the callback cannot reach any more: all but playing, fading and latest."""
        if not now.knows(memory.sequence):
            return
        for index, orders in enumerate(self._orders.values()):
            used = now.in_use[index]
            orders[:-1] = [order for order in orders[:-1] if order.generation in used]
