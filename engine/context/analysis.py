"""A loop that came in as audio, heard: tempo, key, chords, onsets, spectrum.

What a file says of itself goes before what is heard: the tempo of its `acid` chunk (or its beats), then
the tempo in its name (or the bars).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.audio.mono import mono_of
from engine.audio.reading import read_audio
from engine.audio.wav_info import WavInfo, read_wav_info
from engine.context.downbeat import downbeat_of, turned
from engine.context.groove import groove_of
from engine.context.harmony import SINGLE_VOICES, hear_harmony
from engine.context.heard_score import heard_score, note_weights, slots_of, spans_of
from engine.context.loop_length import (
    bare_tempo_in_name,
    bars_in_name,
    fit_bars,
    folded,
    is_doubled,
    key_in_name,
    tempo_by_length,
    tempo_in_name,
    tempo_of_beats,
)
from engine.context.octave import Sign, chord_signs, drum_signs, octave_of, voice_signs
from engine.context.rhythm import HOPS_PER_SECOND, drum_onsets_of, onset_strength, onsets_of, tempo_of
from engine.context.tones import pitch_classes_of
from engine.context.track_context import TrackContext
from engine.context.transcribe import HeardNote, notes_of
from engine.errors import EngineError
from engine.music.key import Key, Signature
from engine.music.score import Chord
from engine.prompt.music_context import Frame
from engine.units import STEM_SAMPLE_RATE, beats_to_samples

__all__ = ["analyze_audio", "import_loop", "read_audio"]

BAND_EDGES_HZ = (120.0, 500.0, 2000.0, 6000.0)
MIN_NOTES = 3  # fewer tell no harmony; then the spectrum does
CLEAR_TEMPO = 0.4  # below it, a tempo that makes no 1, 2, 4 … bars gives way to one that does
CUT_FADE_SAMPLES = 128  # 3 ms: a loop cut in the middle of a sound must not click


def analyze_audio(
    audio: NDArray[np.float32], track: str, frame: Frame, tempo_bpm: float | None = None
) -> TrackContext:
    """What is heard in audio [N, C=2] at 44.1 kHz. Meter, and whatever cannot be heard, are the frame's.

    A `tempo_bpm` that is known is not listened for; it gives way only as far as whole bars ask for it.
    """
    strength = onset_strength(mono_of(audio))
    tempo_bpm, confidence = _tempo(audio, strength, track, frame, tempo_bpm)
    tempo_bpm, bars = fit_bars(len(audio), tempo_bpm, frame.signature)
    audio = _fitted(audio, beats_to_samples(bars * frame.signature.bar_beats, tempo_bpm))
    return _describe(audio, strength, track, frame, tempo_bpm, bars, frame.signature, confidence, None)


def import_loop(path: Path, track: str, frame: Frame) -> tuple[NDArray[np.float32], TrackContext]:
    """(audio [N, C=2] of exactly whole bars, what it tells the others). EngineError `file`.

    Within 1 % of whole bars the samples stay as they are and the tempo gives way; else the end is cut
    (with a fade of 3 ms) or filled with silence.
    """
    audio = read_audio(path)
    info = _info(path)
    signature = _meter(info) or frame.signature
    said = said_tempo(path, len(audio), signature)
    strength = onset_strength(mono_of(audio))
    tempo_bpm, confidence = _tempo(audio, strength, track, frame, said)
    tempo_bpm, bars = fit_bars(len(audio), tempo_bpm, signature)
    audio = _fitted(audio, beats_to_samples(bars * signature.bar_beats, tempo_bpm))
    key = key_in_name(path.stem)
    return audio, _describe(audio, strength, track, frame, tempo_bpm, bars, signature, confidence, key)


# --- what the file says ---------------------------------------------------------------------------


def _info(path: Path) -> WavInfo | None:
    try:
        return read_wav_info(path)
    except EngineError:  # no WAV at all, or one that libsndfile alone can make sense of
        return None


def _meter(info: WavInfo | None) -> Signature | None:
    return Signature(*info.meter) if info and info.meter and info.beats and not info.one_shot else None


def said_tempo(path: Path, samples: int, signature: Signature) -> float | None:
    """The tempo that the file itself or its name claims, for so many samples; None where neither does."""
    info = _info(path)
    if info and not info.one_shot:
        if info.tempo_bpm:
            return info.tempo_bpm
        if info.beats and (tempo_bpm := tempo_of_beats(info.beats * 4 / signature.unit, samples)):
            return tempo_bpm
    bars = bars_in_name(path.stem)
    by_bars = tempo_of_beats(bars * signature.bar_beats, samples) if bars else None
    return tempo_in_name(path.stem) or by_bars or bare_tempo_in_name(path.stem, samples, signature)


# --- what is heard --------------------------------------------------------------------------------


def _tempo(
    audio: NDArray[np.float32], strength: NDArray[np.float64], track: str, frame: Frame, said: float | None
) -> tuple[float, float]:
    """(tempo, confidence): what is said of it, else what is heard."""
    return (folded(said), 1.0) if said else heard_tempo(audio, strength, track, frame)


def heard_tempo(
    audio: NDArray[np.float32], strength: NDArray[np.float64], track: str, frame: Frame
) -> tuple[float, float]:
    """(tempo in the octave that is likeliest, confidence). strength: [hop] of `onset_strength`."""
    bars_at_60 = len(audio) / STEM_SAMPLE_RATE / frame.signature.bar_beats
    tempo_bpm, confidence = tempo_of(strength, frame.tempo_bpm, bars_at_60)
    if confidence < CLEAR_TEMPO and not (confidence and is_doubled(bars_at_60 * tempo_bpm / 60.0)):
        tempo_bpm = tempo_by_length(len(audio), frame.tempo_bpm, frame.signature)
    tempo_bpm, sure = octave_of(tempo_bpm, frame.tempo_bpm, _signs(audio, strength, track, frame, tempo_bpm))
    return tempo_bpm, round(float(np.sqrt(confidence * sure)), 3)


def _signs(
    audio: NDArray[np.float32], strength: NDArray[np.float64], track: str, frame: Frame, tempo_bpm: float
) -> list[Sign]:
    """What in the audio tells the octave of its tempo."""
    mono, beat_s = mono_of(audio), 60.0 / tempo_bpm
    if track == "drums":
        return drum_signs(drum_onsets_of(mono, strength, tempo_bpm), beat_s)
    if track in SINGLE_VOICES:
        return voice_signs([note.start / HOPS_PER_SECOND for note in notes_of(mono, strength, track)])
    _, bars = fit_bars(len(audio), tempo_bpm, frame.signature)
    slots = slots_of(frame.signature)
    weights, lowest = pitch_classes_of(mono, bars * slots)
    chords = hear_harmony(weights, lowest, frame.key, frame.signature.bar_beats, slots, track)[2]
    return chord_signs([chord.length_beats * beat_s for chord in chords])


def _describe(
    audio: NDArray[np.float32], strength: NDArray[np.float64], track: str, frame: Frame, tempo_bpm: float,
    bars: int, signature: Signature, tempo_confidence: float, named_key: Key | None,
) -> TrackContext:  # fmt: skip
    mono = mono_of(audio)
    is_silent = not np.any(mono)
    length_beats = bars * signature.bar_beats
    key: Key | None = None
    chords: tuple[Chord, ...] = ()
    confidences: dict[str, float] = {}
    downbeat = 0.0
    notes = notes_of(mono, strength, track) if track in SINGLE_VOICES else []
    if track == "drums":
        onsets = drum_onsets_of(mono, strength, tempo_bpm)
    else:
        onsets = onsets_of(strength, tempo_bpm)
        key, chords, confidences, downbeat = _harmony(
            mono, strength, notes, track, frame, tempo_bpm, bars, signature, named_key
        )
    onsets = tuple(onset for onset in onsets if onset.beat < length_beats)
    confidences = {"tempo": tempo_confidence, **confidences}
    if is_silent:
        confidences = dict.fromkeys(confidences, 0.0)
    # A loop begins on its first beat unless something says otherwise: to hear no bar line is no doubt.
    telling = [sure for name, sure in confidences.items() if name != "downbeat"]
    score = None
    if notes or (track == "drums" and onsets):
        score = heard_score(
            track, tempo_bpm, key or frame.key, signature, bars, chords, notes,
            onsets if track == "drums" else (),
        )  # fmt: skip
    return TrackContext(
        track=track, tempo_bpm=tempo_bpm, key=key, signature=signature, bars=bars, chords=chords,
        onsets=onsets, bands=() if is_silent else _bands(audio), score=score,
        confidence=round(sum(telling) / len(telling), 3),
        groove=groove_of([o.beat for o in onsets], [o.strength for o in onsets], tempo_bpm, signature),
        confidences={name: round(sure, 3) for name, sure in confidences.items()}, heard=True,
        downbeat_beats=downbeat,
    )  # fmt: skip


def _harmony(
    mono: NDArray[np.float32], strength: NDArray[np.float64], notes: list[HeardNote], track: str,
    frame: Frame, tempo_bpm: float, bars: int, signature: Signature, named: Key | None,
) -> tuple[Key | None, tuple[Chord, ...], dict[str, float], float]:  # fmt: skip
    """(key, chords, confidences, beat of the first bar line); no chords where no key can be heard.

    Of a single voice the notes that were written down count, of anything else the spectrum, from the
    downbeat on.
    """
    found: dict[str, float] = {}
    turn = 0
    slots = slots_of(signature)
    slot_beats = signature.bar_beats / slots
    if len(notes) >= MIN_NOTES:
        weights, lowest = note_weights(spans_of(notes, tempo_bpm), slot_beats, bars * slots)
    else:
        if track not in SINGLE_VOICES:
            downbeat = downbeat_of(mono, strength, tempo_bpm, bars, signature)
            found["downbeat"], turn = downbeat.sure, downbeat.turned_beats
        from_one = np.roll(mono, -beats_to_samples(turn, tempo_bpm)) if turn else mono
        weights, lowest = pitch_classes_of(from_one, bars * slots, lowest_only=track == "bass")
    key, sure, chords, sure_of_chords = hear_harmony(
        weights, lowest, frame.key, signature.bar_beats, slots, track, named
    )
    found |= {"key": sure, "chords": sure_of_chords}
    if track in SINGLE_VOICES:
        level = np.array([note.level for note in notes])
        found["notes"] = float((level * [n.sure for n in notes]).sum() / level.sum()) if notes else 0.0
    return key, turned(chords, turn, bars * signature.bar_beats), found, float(turn)


def _bands(audio: NDArray[np.float32]) -> tuple[float, ...]:
    """Shares of the energy below 120 Hz, to 500 Hz, to 2 kHz, to 6 kHz and above."""
    from scipy.fft import rfft

    power = (np.abs(rfft(audio, axis=0)) ** 2).sum(axis=1, dtype=np.float64)
    edges = [int(edge * len(audio) / STEM_SAMPLE_RATE) + 1 for edge in BAND_EDGES_HZ]
    sums = np.array([band.sum() for band in np.split(power, edges)])
    return tuple(float(share) for share in sums / max(sums.sum(), 1e-30))


def _fitted(audio: NDArray[np.float32], samples: int) -> NDArray[np.float32]:
    """Exactly so many samples: as it is, cut with a short fade, or filled with silence."""
    if len(audio) <= samples:
        return np.pad(audio, ((0, samples - len(audio)), (0, 0)))
    cut = audio[:samples].copy()
    fade = min(CUT_FADE_SAMPLES, samples)
    cut[-fade:] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)[:, None]
    return cut
