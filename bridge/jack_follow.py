"""The transport in the bar, beat and tempo of another program (JACK's timebase master)."""

from __future__ import annotations

from typing import Any

from bridge.jack_marks import is_told
from bridge.player import Transport
from engine.music.key import Signature
from engine.units import samples_to_beats


def followed(report: Any, frame: int, sample_rate: int) -> Transport | None:
    """Where it is at `frame`. None where it says nothing, or nothing that can be counted with. `report`: a
    record of REPORT.

    Bar and beat hold for the last block's start; the report's frame is its end while rolling. JACK's beats
    are notes of 1/`beat_type`, ours are quarters.
    """
    if not is_told.py_func(report):
        return None
    rolling = bool(report["rolling"])
    beats, unit = float(report["beats_per_bar"]), float(report["beat_type"])
    tempo_bpm = float(report["beats_per_minute"]) * 4.0 / unit
    within = float(report["beat"]) - 1 + float(report["tick"]) / float(report["ticks_per_beat"])
    counted = (int(report["bar"]) - 1) * beats + within
    begin = int(report["frame"]) - (int(report["block_size"]) if rolling else 0)
    since = samples_to_beats(frame - begin, tempo_bpm, sample_rate)
    signature = Signature(round(beats), round(unit))
    return Transport(rolling, frame, sample_rate, counted * 4.0 / unit + since, tempo_bpm, signature, True)
