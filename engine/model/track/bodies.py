"""The drums' guide: the kit's own strokes below the codec's bound, each heard where it is struck.

    kick: as it is, a quarter on | snare, rim, clap: the same | toms, bells and all others: the same

A kick's waveform is its kit's and its onset's. Whoever does not know the phase plays it smeared: 48 values a
frame say little about where in a cycle of 18 ms a stroke begins. A quarter of a cycle on, the sum of both can
follow a kit that is tuned a little otherwise. Where the kit is not ours, it has an acoustic one's strokes.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from engine.instruments.drum_shot import FADE_SAMPLES
from engine.instruments.drums import Shot, Stroke, strokes
from engine.instruments.palette import PALETTES, Kit
from engine.instruments.settings import settings_of
from engine.model.track.frames import Frames
from engine.model.track.low_band import LowBand
from engine.music.score import Score
from engine.units import STEM_SAMPLE_RATE

UNKNOWN = "acoustic"
GROUPS = {"kick": 0, "snare": 1, "rim": 1, "clap": 1}
OTHERS = 2
PASS_HZ, STOP_HZ = 1000.0, 1300.0
AHEAD = 256  # samples: what a band of that width rings before an onset
LONGEST_S = 2.0
LEVEL = 0.3  # of a full-scale stroke: coefficients come to about 1
MOST_BODIES = 512


def hit_points(score: Score, frames: Frames, band: LowBand, channels: int) -> NDArray[np.float32]:
    """The kit at the band's points: [channels, points], two channels a group."""
    kit = kit_of(score)
    sound = np.zeros((channels, band.num_points(frames)), dtype=np.float32)
    made = strokes(score, kit, settings_of(score))
    starts = np.array([stroke.start for stroke in made], dtype=np.int64)
    longest = max((stroke.length for stroke in made), default=0)
    which, shifts = frames.turns(starts - AHEAD - band.lead, starts + longest + band.sub_hop)
    for number, shift in zip(which, shifts, strict=True):
        stroke = made[number]
        group = GROUPS.get(stroke.shot.voice, OTHERS)
        ahead = band.first_sample(frames) - int(shift) - stroke.start
        add_stroke(sound[2 * group : 2 * group + 2], stroke, body(kit.name, stroke.shot), ahead, band.thin)
    return sound


def kit_of(score: Score) -> Kit:
    """That of the score's palette, or an acoustic one."""
    palette = PALETTES.get(score.palette)
    if isinstance(palette, Kit):
        return palette
    usual = PALETTES[UNKNOWN]
    assert isinstance(usual, Kit)
    return usual


def add_stroke(
    sound: NDArray[np.float32], stroke: Stroke, body: NDArray[np.complex64], ahead: int, thin: int
) -> None:
    """Added to `sound` [2, points], whose point 0 lies `ahead` samples after the onset (or before)."""
    first = max(0, -(-(-AHEAD - ahead) // thin))
    last = min(sound.shape[1], -(-(min(stroke.length, len(body) - AHEAD) - ahead) // thin))
    if last <= first:
        return
    place = ahead + np.arange(first, last) * thin  # samples since the onset
    heard = body[place + AHEAD] * np.float32(LEVEL * 0.5 * (stroke.left + stroke.right))
    heard *= np.clip((stroke.length - place) / FADE_SAMPLES, 0.0, 1.0).astype(np.float32)
    sound[0, first:last] += heard.real
    sound[1, first:last] += heard.imag


@lru_cache(maxsize=MOST_BODIES)
def body(kit_name: str, shot: Shot) -> NDArray[np.complex64]:
    """A stroke's middle below the bound, from AHEAD samples before the onset on; imaginary a quarter on."""
    kit = PALETTES[kit_name]
    assert isinstance(kit, Kit)
    whole = shot.sound(kit)[: int(LONGEST_S * STEM_SAMPLE_RATE)].mean(axis=1)
    count = fft.next_fast_len(len(whole) + 2 * AHEAD)
    padded = np.zeros(count, dtype=np.float32)
    padded[AHEAD : AHEAD + len(whole)] = whole
    spectrum = fft.fft(padded)
    hz = np.arange(count) * (STEM_SAMPLE_RATE / count)
    keep = np.clip((STOP_HZ - hz) / (STOP_HZ - PASS_HZ), 0.0, 1.0) * 2.0
    keep[0] = 1.0
    lows = fft.ifft(spectrum * keep)[: AHEAD + len(whole)]
    return lows.astype(np.complex64)
