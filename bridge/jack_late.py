"""Swaps that wait because a loop is still being rendered for the server's rate."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bridge.player import Loop

Rendering = list[Future[NDArray[np.float32]]]


@dataclass(frozen=True)
class LateSwap:
    loops: dict[str, Loop | None]
    when: str
    rendering: Rendering


class LateSwaps:
    """Control thread; rendering on a thread of its own."""

    def __init__(self) -> None:
        self._swaps: list[LateSwap] = []
        self._renderer = ThreadPoolExecutor(1, thread_name_prefix="resample")

    def close(self) -> None:
        self._renderer.shutdown(wait=False, cancel_futures=True)

    def render(self, loops: Iterable[Loop | None], sample_rate: int) -> Rendering:
        """Renderings under way for the loops that have none at the server's rate."""
        missing = [loop for loop in loops if loop is not None and loop.rendered(sample_rate) is None]
        return [self._renderer.submit(loop.render, sample_rate) for loop in missing]

    def add(self, swap: LateSwap) -> None:
        self._swaps.append(swap)

    def forget(self, tracks: Iterable[str]) -> None:
        """A newer swap replaces what is still being rendered for the same tracks."""
        for track in tracks:
            for swap in self._swaps:
                swap.loops.pop(track, None)

    def replace(self, track: str, old: Loop, new: Loop, sample_rate: int) -> bool:
        """`new` in the place of `old`, where that is waiting here."""
        swap = next((swap for swap in self._swaps if swap.loops.get(track) is old), None)
        if swap is None:
            return False
        swap.loops[track] = new
        swap.rendering.extend(self.render([new], sample_rate))
        return True

    def take_done(self) -> list[LateSwap]:
        """Those whose loops have been rendered meanwhile; they wait no more."""
        done = [swap for swap in self._swaps if all(future.done() for future in swap.rendering)]
        self._swaps = [swap for swap in self._swaps if swap not in done]
        return done

    def take_loops(self) -> dict[str, Loop | None]:
        """What all of them would bring; they wait no more."""
        swaps, self._swaps = self._swaps, []
        return {track: loop for swap in swaps for track, loop in swap.loops.items()}
