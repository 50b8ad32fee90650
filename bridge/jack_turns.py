"""Where a loop's turns lie on the transport, for the callback: bridge.grid's law in native code."""

from __future__ import annotations

from typing import Any

from bridge.native import native
from engine.units import STEM_SAMPLE_RATE


@native
def turn_start(voice: Any, index: int, sample_rate: int) -> int:
    """The transport frame that turn `index` (from 0) of the loop starts at."""
    return -(-index * voice.loop_samples * sample_rate // STEM_SAMPLE_RATE)


@native
def turn_index(voice: Any, frame: int, sample_rate: int) -> int:
    """The turn that `frame` lies in."""
    return frame * STEM_SAMPLE_RATE // (voice.loop_samples * sample_rate)
