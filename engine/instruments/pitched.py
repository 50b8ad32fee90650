"""A pitched track: gestures through layers, filter and envelope into the loop, then the palette's effects."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from engine.instruments import control, effects, filters, layers, modal, saturation
from engine.instruments.control import BLOCK
from engine.instruments.formants import add_formants, formants_of
from engine.instruments.gestures import Gesture, gestures
from engine.instruments.palette import Instrument, Layer
from engine.instruments.settings import curve_blocks, lean, octaves_of, settings_of
from engine.instruments.stroke import Hand
from engine.instruments.wavetables import wavetable
from engine.music.score import Score
from engine.units import STEM_SAMPLE_RATE, beats_to_samples

VELOCITY_OF_PALETTE = 0.75  # the velocity (0..1) at which a palette sounds as its table says
ARTICULATED_OCTAVES = {"ghost": -0.8, "accent": 0.7}
NOTE_LEVEL = 0.35
MOST_LAG = 0.06  # of the frequency: a semitone
DECAY_TRACKING = 0.5  # octaves by which a struck body rings shorter an octave higher
MOST_LAYERS = 512  # more than all palettes have; a corpus makes new ones without end
FM_SHARE = 0.4  # octaves of modulation index per octave of brightness


def render_notes(score: Score, instrument: Instrument, step: Callable[[float], None]) -> NDArray[np.float32]:
    """The score's notes: [N, C=2], before levelling. `step(share)` is called between notes and effects."""
    loop = render_dry(score, instrument, step)
    return in_space(score, instrument, loop, step) if score.notes else loop


def render_dry(score: Score, instrument: Instrument, step: Callable[[float], None]) -> NDArray[np.float32]:
    """The same before chorus, delay and reverb."""
    loop = np.zeros((score.length_samples, 2), dtype=np.float32)
    holds_samples = instrument.holds_s * STEM_SAMPLE_RATE
    played = gestures(score, instrument.mono, instrument.low, instrument.high, holds_samples)
    if not played:
        return loop
    voice = Voice(score, instrument, loop)
    for number, gesture in enumerate(played):
        step(0.7 * number / len(played))
        voice.play(gesture)
    step(0.7)
    settings = settings_of(score)
    drive = lean(instrument.drive, 0.5 * settings["drive"] + 0.25 * (settings["energy"] + 0.5))
    return driven(squeezed(loop, instrument.squeeze), drive)


class Voice:
    """One instrument set up for one score: plays gestures into `loop` [N, C=2]."""

    def __init__(self, score: Score, instrument: Instrument, loop: NDArray[np.float32]) -> None:
        self.instrument = instrument
        self.loop = loop
        self.settings = settings_of(score)
        # crc32, not hash(): the same in every process.
        self.seed = zlib.crc32(f"{score.track}/{instrument.name}".encode())
        self.energy = curve_blocks(score, "energy")
        self.curve_octaves = self._curve_octaves(score)
        turns = instrument.lfo_hz * score.length_seconds
        if instrument.lfo_beats:
            turns = score.length_beats / instrument.lfo_beats
        self.lfo_cycles = float(max(1, round(turns)))
        self.hand = Hand.of(instrument, self.settings)
        self.scratch = np.zeros((0, 2), dtype=np.float32)
        self.damping = 2.0 - 1.93 * lean(instrument.resonance, self.settings["resonance"])

    def _curve_octaves(self, score: Score) -> NDArray[np.float64]:
        """What curves and brightness add to the cutoff, in octaves, one value a block of the loop."""
        octaves = np.full(-(-score.length_samples // BLOCK), octaves_of(self.settings["brightness"], 4.0))
        octaves += octaves_of(self.settings["energy"], 1.0)
        curve = curve_blocks(score, "filter")
        if curve is not None:
            octaves += (curve - 0.5) * self.instrument.curve_octaves
        if self.energy is not None:
            octaves += self.energy - 0.5
        return octaves

    def play(self, gesture: Gesture) -> None:
        instrument = self.instrument
        num_blocks = self.hand.blocks(gesture)
        pitch = self.hand.pitch(gesture, num_blocks)
        cutoff = self._cutoff(gesture, pitch)
        pitch = pitch + self._lag_semitones(pitch, cutoff)
        note = self._cleared(num_blocks * BLOCK)
        bright_octaves = self._velocity_octaves(gesture) + octaves_of(self.settings["brightness"], 4.0)
        for number, layer in enumerate(instrument.layers):
            seed = (self.seed + 7919 * gesture.index + 104729 * number) % 2**32
            add_layer(note, pitch, layer, seed, bright_octaves)
        filters.add_filtered(
            self.loop, note, gesture.start, cutoff,
            self._level(gesture, num_blocks), self.damping, instrument.four_pole,
        )  # fmt: skip

    def _cleared(self, num_samples: int) -> NDArray[np.float32]:
        """Silence, [num_samples, C=2], in memory used again: fresh pages cost more than their filling."""
        if len(self.scratch) < num_samples:
            self.scratch = np.empty((num_samples, 2), dtype=np.float32)
        note = self.scratch[:num_samples]
        note.fill(0.0)
        return note

    def _level(self, gesture: Gesture, num_blocks: int) -> NDArray[np.float64]:
        gain = NOTE_LEVEL
        if self.energy is not None:
            gain *= 2.0 ** (self.energy[gesture.start // BLOCK % len(self.energy)] - 0.5)
        return self.hand.level(gesture, num_blocks) * gain

    def _lag_semitones(self, pitch: NDArray[np.float64], cutoff: NDArray[np.float64]) -> NDArray[np.float64]:
        """What the moving filter would bend the fundamental by, the other way round: [num_blocks].

        A closing low-pass delays what is near its cutoff more and more: a short low note would sound a
        third of a semitone flat. The lag of a stage at r = f / cutoff is atan2(damping * r, 1 - r**2).
        """
        hz = 440.0 * 2.0 ** ((pitch - 69.0) / 12.0)
        r = hz / cutoff
        lag = np.arctan2(self.damping * r, 1.0 - r * r)
        if self.instrument.four_pole:
            lag += np.arctan2(filters.SECOND_DAMPING * r, 1.0 - r * r)
        behind_hz = np.diff(lag, append=lag[-1:]) / (2.0 * np.pi * control.BLOCK_SECONDS)
        return np.asarray(12.0 * np.log2(1.0 + np.clip(behind_hz / hz, -MOST_LAG, MOST_LAG)))

    def _velocity_octaves(self, gesture: Gesture) -> float:
        """How much brighter than the palette's table this gesture is struck."""
        octaves = self.instrument.velocity_octaves * (gesture.velocity / 127 - VELOCITY_OF_PALETTE)
        return octaves + ARTICULATED_OCTAVES.get(gesture.articulation, 0.0)

    def _cutoff(self, gesture: Gesture, pitch: NDArray[np.float64]) -> NDArray[np.float64]:
        instrument = self.instrument
        octaves = self._velocity_octaves(gesture)
        track = control.cutoff_control(
            pitch, instrument.cutoff_hz * 2.0**octaves, instrument.key_tracking,
            instrument.envelope_octaves, instrument.envelope_attack_s, instrument.envelope_decay_s,
            gesture.start, self.curve_octaves, instrument.lfo_octaves, self.lfo_cycles,
        )  # fmt: skip
        return np.asarray(track)


def add_layer(
    note: NDArray[np.float32],
    pitch: NDArray[np.float64],
    layer: Layer,
    seed: int,
    bright_octaves: float = 0.0,
) -> None:
    """One source of the palette added to `note` [M, C=2], struck `bright_octaves` harder than usual."""
    if not layer.formant:
        add_source(note, pitch, layer, seed, bright_octaves)
        return
    source = np.zeros_like(note)
    add_source(source, pitch, layer, seed, bright_octaves)
    start, end = formants_of(layer.formant), formants_of(layer.formant_to or layer.formant)
    add_formants(note, source, start, end, layer.morph_s, layer.dry)


def add_source(
    note: NDArray[np.float32], pitch: NDArray[np.float64], layer: Layer, seed: int, bright_octaves: float
) -> None:
    left, right = min(1.0, 1.0 - layer.pan), min(1.0, 1.0 + layer.pan)
    match layer.source:
        case "wave":
            semitones, gains = unison(layer)
            phases = start_phases(layer.voices, seed)
            layers.add_wave(note, pitch, wavetable(layer.wave), semitones, gains, phases, layer.decay_s)
        case "fm":
            index = layer.index * 2.0 ** (FM_SHARE * bright_octaves)
            layers.add_fm(
                note, pitch, unit_sine(), layer.ratio, layer.modulator_ratio, index,
                layer.index_decay_s, layer.index_floor, layer.level * 0.55, layer.decay_s,
            )  # fmt: skip
        case "string":
            detuned = pitch + layer.semitones + layer.detune_cents / 100.0
            layers.add_string(
                note, detuned, seed | 1, layer.brightness, layer.decay_s, layer.pick,
                layer.level * left, layer.level * right,
            )  # fmt: skip
        case "breath":
            layers.add_breath(
                note, pitch, seed | 1, layer.ratio, layer.damping, layer.level, layer.decay_s, layer.floor
            )
        case "modal":
            detuned = pitch + layer.semitones + layer.detune_cents / 100.0
            modal.add_modal(
                note, detuned, modes_of(layer), DECAY_TRACKING, 0.5 * bright_octaves,
                0.55 * layer.level * left, 0.55 * layer.level * right,
            )  # fmt: skip


@lru_cache(maxsize=MOST_LAYERS)
def modes_of(layer: Layer) -> NDArray[np.float64]:
    """Ratio, decay in seconds, level of each mode, the levels together 1 in power: [P, 3]."""
    modes = np.array(layer.modes, dtype=np.float64)
    modes[:, 2] /= np.sqrt(np.sum(modes[:, 2] ** 2))
    return modes


@cache
def unit_sine() -> NDArray[np.float32]:
    """One cycle of amplitude 1: [TABLE_SIZE + 1]."""
    sine = wavetable("sine")[-1]
    return np.ascontiguousarray(sine / np.max(sine))


@lru_cache(maxsize=MOST_LAYERS)
def unison(layer: Layer) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Detune in semitones [V] and gains [V, C=2].

    Neighbours sit on opposite sides, and so do -x and +x cents: neither side is sharp.

        cents  -3  -2  -1   0   1   2   3
        side    R   L   R   .   L   R   L
    """
    spread = np.linspace(-1.0, 1.0, layer.voices) if layer.voices > 1 else np.zeros(1)
    rank = np.minimum(np.arange(layer.voices), np.arange(layer.voices)[::-1])
    pan = -np.sign(spread) * (-1.0) ** rank
    angle = (pan * layer.width + 1.0) * np.pi / 4.0
    gains = np.stack([np.cos(angle), np.sin(angle)], axis=1) * np.sqrt(2.0 / layer.voices) * layer.level
    return layer.semitones + spread * layer.detune_cents / 100.0, gains.astype(np.float32)


def start_phases(voices: int, seed: int) -> NDArray[np.float64]:
    """Where each oscillator's cycle starts: a single one at 0, a unison spread by the golden ratio: [V]."""
    start = (seed % 1009) / 1009.0 if voices > 1 else 0.0
    return np.asarray((np.arange(voices) * 0.6180339887 + start) % 1.0)


def in_space(
    score: Score,
    instrument: Instrument,
    loop: NDArray[np.float32],
    step: Callable[[float], None] = lambda _: None,
) -> NDArray[np.float32]:
    """Chorus, tremolo, delay and reverb as the palette and the settings have them: [N, C=2]. The loop is
    written into."""
    settings = settings_of(score)
    if instrument.chorus > 0.0:
        step(0.75)
        cycles = float(max(1, round(instrument.chorus_hz * score.length_seconds)))
        loop = effects.chorus_loop(loop, cycles, instrument.chorus_ms, instrument.chorus)
    if instrument.tremolo > 0.0:
        turns = float(max(1, round(instrument.tremolo_hz * score.length_seconds)))
        effects.tremolo_loop(loop, turns, instrument.tremolo)
    delay = lean(instrument.delay, settings["delay"])
    if delay > 0.0:
        step(0.8)
        samples = beats_to_samples(instrument.delay_beats, score.tempo_bpm)
        repeats = int(np.ceil(np.log(1e-3) / np.log(instrument.delay_feedback)))
        loop = effects.delay_loop(loop, samples, instrument.delay_feedback, delay, repeats * samples)
    step(0.85)
    return reverberated(
        loop, lean(instrument.reverb, settings["reverb"]), instrument.reverb_s, instrument.reverb_size
    )


def squeezed(loop: NDArray[np.float32], squeeze: float) -> NDArray[np.float32]:
    """Its peaks brought nearer to its mean by `squeeze` 0..1: what would stick out of the mix."""
    if squeeze > 0.0:
        rms = float(np.sqrt(np.mean(np.square(loop, dtype=np.float64))))
        effects.squeeze_loop(loop, 1.4 * rms, squeeze)
    return loop


def driven(loop: NDArray[np.float32], drive: float) -> NDArray[np.float32]:
    """Saturated by `drive` 0..1, relative to the loop's own peak."""
    peak = float(np.abs(loop).max(initial=0.0))
    if drive <= 0.0 or peak <= 0.0:
        return loop
    loop *= np.float32(1.0 / peak)
    saturation.drive_loop(
        loop, 0.4 + 8.0 * drive * drive, min(1.0, 4.0 * drive), saturation.SHARP, saturation.WIDE
    )
    return loop


def reverberated(
    loop: NDArray[np.float32], amount: float, decay_s: float, size: float
) -> NDArray[np.float32]:
    """The loop with `amount` 0..1 of room around it."""
    if amount <= 0.0:
        return loop
    preroll = int(decay_s * STEM_SAMPLE_RATE)
    return np.asarray(effects.reverb_loop(loop, decay_s, size, 0.35, 0.8 * amount, preroll))
