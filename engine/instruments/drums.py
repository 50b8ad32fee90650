"""A drum track: every distinct hit is made once, then only added."""

from __future__ import annotations

import threading
import zlib
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.instruments import drum_shot, effects, filters
from engine.instruments.control import BLOCK
from engine.instruments.palette import DrumVoice, Kit
from engine.instruments.pitched import driven, reverberated, squeezed
from engine.instruments.settings import curve_blocks, lean, settings_of
from engine.instruments.wavetables import wavetable
from engine.music.score import Hit, Score
from engine.units import STEM_SAMPLE_RATE, beats_to_samples, db_to_gain, ms_to_samples

VELOCITY_BUCKETS = 4
VARIATIONS = 4
# Four tracks' worth of drums: a kit uses some eight voices, each in two velocities and its variations.
MAX_SHOTS = 256
REPEAT_DB = 1.0  # how far repeats of a hit differ in level, at most, either way
MONO_BELOW_HZ = 120.0
# What brightness does to the whole kit, for each unit of it: dB above HIGHS_HZ, octaves of the low-pass.
HIGHS_HZ, HIGHS_DB, CLOSED_OCTAVES = 4000.0, 12.0, 5.0

_shots: OrderedDict[tuple[str, str, int, int, int], NDArray[np.float32]] = OrderedDict()
_shots_lock = threading.Lock()


def render_hits(score: Score, kit: Kit, step: Callable[[float], None]) -> NDArray[np.float32]:
    """The score's hits: [N, C=2], before levelling. `step(share)` is called between hits and effects."""
    loop = np.zeros((score.length_samples, 2), dtype=np.float32)
    if not score.hits:
        return loop
    settings = settings_of(score)
    made = strokes(score, kit, settings)
    for number, stroke in enumerate(made):
        step(0.7 * number / len(made))
        drum_shot.add_shot(
            loop, stroke.shot.sound(kit), stroke.start, stroke.left, stroke.right, stroke.length
        )
    return add_bus(score, kit, loop, settings, step)


class Shot(NamedTuple):
    """Which sound of a kit: of a voice, how hard it is struck, which of its variations, in which shade."""

    voice: str
    bucket: int
    variation: int
    shade: int

    def sound(self, kit: Kit) -> NDArray[np.float32]:
        """[M, C=2], from the cache or made now. Level is the caller's affair."""
        key = (kit.name, *self)
        with _shots_lock:
            shot = _shots.get(key)
            if shot is not None:
                _shots.move_to_end(key)
                return shot
        hardness = (self.bucket + 0.5) / VELOCITY_BUCKETS - 0.6
        seed = zlib.crc32(f"{kit.name}/{self.voice}/{self.variation}".encode()) | 1
        shot = make_shot(kit, kit.voices[self.voice], hardness + 0.25 * self.shade, self.variation, seed)
        with _shots_lock:
            _shots[key] = shot
            while len(_shots) > MAX_SHOTS:
                _shots.popitem(last=False)
        return shot


class Stroke(NamedTuple):
    """A hit of the score: where, how loud on either side, and how many samples until it is choked."""

    start: int  # may be negative: it wraps
    shot: Shot
    left: float
    right: float
    length: int


def strokes(score: Score, kit: Kit, settings: dict[str, float]) -> list[Stroke]:
    """What the kit plays in one turn of the loop."""
    energy = curve_blocks(score, "energy")
    # In 16 shades: nobody hears more, and the cache of shots stays small.
    shade = round(8 * (settings["brightness"] - 0.5) + 4 * (settings["energy"] - 0.5))
    hits = timed(score)
    struck = dict.fromkeys(kit.voices, 0)
    made = []
    for number, (start, hit) in enumerate(hits):
        turn = struck[hit.voice]
        struck[hit.voice] += 1
        voice = kit.voices[hit.voice]
        gain = voice.level * (hit.velocity / 127) ** 1.5 * repeat_gain(turn)
        if energy is not None:
            gain *= 2.0 ** (energy[start // BLOCK % len(energy)] - 0.5)
        shot = Shot(hit.voice, bucket_of(hit.velocity), turn % VARIATIONS, shade)
        length = samples_until_choked(hits, number, kit, score.length_samples, samples_of(voice))
        left, right = gain * min(1.0, 1.0 - voice.pan), gain * min(1.0, 1.0 + voice.pan)
        made.append(Stroke(start, shot, left, right, length))
    return made


def bucket_of(velocity: int) -> int:
    return min(VELOCITY_BUCKETS - 1, velocity * VELOCITY_BUCKETS // 128)


def samples_of(voice: DrumVoice) -> int:
    """How long its sound is."""
    return int(voice.seconds * STEM_SAMPLE_RATE)


def repeat_gain(turn: int) -> float:
    """The level of a voice's hit number `turn` against the first: no two neighbours alike.

    The golden ratio's multiples never repeat, unlike the cycle of the variations.
    """
    return db_to_gain(REPEAT_DB * (2.0 * ((turn * 0.6180339887) % 1.0) - 1.0)) if turn else 1.0


def timed(score: Score) -> list[tuple[int, Hit]]:
    """Hits with their start samples (may be negative: they wrap), in time order."""
    hits = [
        (beats_to_samples(hit.start_beats, score.tempo_bpm) + ms_to_samples(hit.offset_ms), hit)
        for hit in score.hits
    ]
    return sorted(hits, key=lambda pair: (pair[0], pair[1].voice))


def samples_until_choked(
    hits: list[tuple[int, Hit]], number: int, kit: Kit, loop_samples: int, shot_samples: int
) -> int:
    """How long this hit sounds before another one chokes it, round the loop."""
    start, hit = hits[number]
    chokers = [name for name, voice in kit.voices.items() if hit.voice in voice.chokes]
    if not chokers:
        return shot_samples
    count = len(hits)
    for ahead in range(1, count + 1):
        turn, place = divmod(number + ahead, count)
        when = hits[place][0] + turn * loop_samples
        if when - start >= shot_samples:
            break
        if hits[place][1].voice in chokers and when > start:
            return when - start
    return shot_samples


def make_shot(kit: Kit, voice: DrumVoice, bright: float, variation: int, seed: int) -> NDArray[np.float32]:
    """One hit: [M, C=2]. `bright` about -1 .. 1 opens filters, hardens clicks.

    Variations differ by a hair.
    """
    tune = 1.0 + 0.004 * (variation - (VARIATIONS - 1) / 2)
    ring = 1.0 + 0.05 * (variation - (VARIATIONS - 1) / 2)
    open_up = 2.0 ** (0.5 * bright)
    loudness = 2.0 ** (0.8 * bright)
    tones = [(t.hz * tune, t.sweep * open_up, t.sweep_s, t.decay_s * ring, t.level) for t in voice.tones]
    noises = [
        (
            n.attack_s, n.decay_s * ring, min(n.hz * open_up, 15_000.0), n.damping,
            filters.MODES[n.mode], n.bursts, n.gap_s, n.level * (loudness if voice.tones else 1.0),
        )
        for n in voice.noises
    ]  # fmt: skip
    metals = [
        (m.hz * tune, m.bank, m.decay_s * ring, min(m.filter_hz * open_up, 15_000.0), m.damping,
         filters.MODES[m.mode], m.level)
        for m in voice.metals
    ]  # fmt: skip
    shot = drum_shot.drum_shot(
        samples_of(voice),
        np.array(tones, dtype=np.float64).reshape(-1, 5),
        np.array(noises, dtype=np.float64).reshape(-1, 8),
        np.array(metals, dtype=np.float64).reshape(-1, 7),
        wavetable("square"),
        voice.width,
        seed,
    )
    return crushed(shot, kit.crush_hz) if kit.crush_hz else np.asarray(shot)


def crushed(shot: NDArray[np.float32], crush_hz: float) -> NDArray[np.float32]:
    """Sample and hold at `crush_hz` and 10 bits: the early sampler."""
    hold = max(1, round(STEM_SAMPLE_RATE / crush_hz))
    held = np.repeat(shot[::hold], hold, axis=0)[: len(shot)]
    return (np.rint(held * 512.0) / 512.0).astype(np.float32)


def add_bus(
    score: Score,
    kit: Kit,
    loop: NDArray[np.float32],
    settings: dict[str, float],
    step: Callable[[float], None],
) -> NDArray[np.float32]:
    """Drive, the kit's tone with the score's filter curve, room: [N, C=2]."""
    step(0.7)
    loop = squeezed(loop, kit.squeeze)
    loop = driven(loop, lean(kit.drive, 0.5 * settings["drive"] + 0.25 * (settings["energy"] + 0.5)))
    step(0.8)
    loop = toned(score, kit, loop, settings["brightness"])
    step(0.85)
    loop = reverberated(loop, lean(kit.reverb, settings["reverb"]), kit.reverb_s, kit.reverb_size)
    effects.narrow_lows(loop, MONO_BELOW_HZ, ms_to_samples(50.0))
    return loop


def toned(score: Score, kit: Kit, loop: NDArray[np.float32], brightness: float) -> NDArray[np.float32]:
    """The kit's low-pass; the filter curve closes it below its middle, as on a DJ's mixer.

    A brightness (0..1) below the middle closes it too, above it lifts what is over HIGHS_HZ: the strokes'
    own shades alone are hardly heard.
    """
    curve = curve_blocks(score, "filter")
    blocks = -(-score.length_samples // BLOCK)
    if brightness > 0.5:
        lows = np.asarray(filters.low_pass_loop(loop, np.full(blocks, HIGHS_HZ), ms_to_samples(50.0)))
        loop = loop + np.float32(db_to_gain(HIGHS_DB * (brightness - 0.5)) - 1.0) * (loop - lows)
    tone_hz = kit.tone_hz * 2.0 ** (CLOSED_OCTAVES * min(0.0, brightness - 0.5))
    if curve is None and tone_hz >= 20_000.0:
        return loop
    cutoff = np.full(blocks, tone_hz)
    if curve is not None:
        cutoff *= 2.0 ** (-12.0 * np.maximum(0.0, 0.5 - curve))
    return np.asarray(filters.low_pass_loop(loop, cutoff, ms_to_samples(50.0)))
