"""Sounds for the tests of the corpus, made here: a little soundfont, and a folder of one-shots."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from engine.music.key import Key, Signature
from engine.music.score import Hit, Note, Score
from engine.training.corpus.sources import SamplePack, Soundfont, sources_in

RATE = 44_100


def score(track: str, *items: Note | Hit, **changes: Any) -> Score:
    """Two bars of 4/4 at 120 bpm: 176,400 samples, 22,050 a beat, unless `changes` say otherwise."""
    frame: dict[str, Any] = {"tempo_bpm": 120.0, "key": Key(), "signature": Signature(), "bars": 2}
    return Score(
        track=track, genre="techno", palette="",
        notes=tuple(item for item in items if isinstance(item, Note)),
        hits=tuple(item for item in items if isinstance(item, Hit)),
        **{**frame, **changes},
    ).validate()  # fmt: skip


def level_db(sound: np.ndarray) -> float:
    return float(20.0 * np.log10(np.sqrt(np.mean(np.square(sound, dtype=np.float64))) + 1e-9))


def loudest_hz(sound: np.ndarray) -> float:
    """The frequency of the strongest partial, by a parabola through the peak."""
    mono = sound.mean(axis=1) * np.hanning(len(sound))
    size = 1 << 17
    power = np.log(np.abs(np.fft.rfft(mono, size)) + 1e-12)
    peak = int(np.argmax(power[1:-1])) + 1
    left, middle, right = power[peak - 1 : peak + 2]
    return (peak + 0.5 * (left - right) / (left - 2 * middle + right)) * RATE / size


# --- one-shots --------------------------------------------------------------------------------------


def noise(
    seconds: float, decay_s: float, above_hz: float = 0.0, below_hz: float = RATE, seed: int = 1
) -> np.ndarray:
    """Decaying noise, of what lies between two frequencies: [M]."""
    count = int(seconds * RATE)
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(count))
    hz = np.fft.rfftfreq(count, 1 / RATE)
    spectrum[(hz < above_hz) | (hz > below_hz)] = 0.0
    return _peaked(np.fft.irfft(spectrum, count) * np.exp(-np.arange(count) / RATE / decay_s))


def tone(hz: float, seconds: float, decay_s: float, partials: int = 1) -> np.ndarray:
    """A decaying tone: [M]."""
    moments = np.arange(int(seconds * RATE)) / RATE
    sound = sum(np.sin(2 * np.pi * hz * n * moments) / n for n in range(1, partials + 1))
    return _peaked(np.asarray(sound) * np.exp(-moments / decay_s))


def _peaked(sound: np.ndarray) -> np.ndarray:
    return 0.9 * sound / np.max(np.abs(sound))


DRUMS = {
    "kick": tone(55.0, 0.4, 0.08),
    "snare": 0.5 * tone(190.0, 0.3, 0.04)
    + 0.4 * noise(0.3, 0.05, 300.0, 5000.0)
    + 0.1 * noise(0.3, 0.05, 5000.0),
    "closed_hat": noise(0.15, 0.015, 7000.0),
    "open_hat": noise(1.0, 0.15, 7000.0),
    "crash": noise(2.0, 0.6, 4000.0),
}


def write_pack(folder: Path, sounds: dict[str, np.ndarray]) -> SamplePack:
    """The pack `audiophob` of sources.toml with these files, found as any other is."""
    pack = folder / "Audiophob"
    pack.mkdir(parents=True)
    for name, sound in sounds.items():
        soundfile.write(pack / f"{name}.wav", sound, RATE)
    return sources_in([], [folder]).pack("audiophob")


def drum_pack(folder: Path) -> SamplePack:
    """A kick, two snares, hats and a crash."""
    return write_pack(folder, {**DRUMS, "snare 2": noise(0.2, 0.04, 500.0, 7000.0, seed=2)})


# --- a soundfont ------------------------------------------------------------------------------------

# Generators of the SoundFont 2.04 specification, section 8.1.2.
RELEASE, INSTRUMENT, KEYS, SAMPLE, LOOPS, EXCLUSIVE, ROOT = 38, 41, 43, 53, 54, 57, 58


@dataclass(frozen=True)
class Zone:
    """Keys low..high of an instrument play a sample (its number), as recorded or looped at its root."""

    sample: int
    low: int = 0
    high: int = 127
    loops: bool = False
    root: int = 69
    release_s: float = 0.001
    exclusive: int = 0

    def generators(self) -> list[tuple[int, int]]:
        found = [
            (KEYS, self.low | self.high << 8), (RELEASE, round(1200 * np.log2(self.release_s))),
            (LOOPS, int(self.loops)), (ROOT, self.root), (EXCLUSIVE, self.exclusive), (SAMPLE, self.sample),
        ]  # fmt: skip
        return [(number, amount & 0xFFFF) for number, amount in found]


@dataclass
class LittleFont:
    """The least that is a soundfont: presets (bank, program) of one instrument each, of mono samples."""

    samples: list[np.ndarray]  # [M] each; a looped one is looped from its first to its last sample
    presets: dict[tuple[int, int], list[Zone]] = field(default_factory=dict)

    def write(self, path: Path) -> Soundfont:
        pcm, headers = b"", b""
        for number, sound in enumerate(self.samples):
            start, end = len(pcm) // 2, len(pcm) // 2 + len(sound)
            pcm += (sound * 32000).astype("<i2").tobytes() + bytes(92)  # 46 silent samples must follow
            headers += struct.pack("<20s5IBbHH", b"%d" % number, start, end, start, end, RATE, 69, 0, 0, 1)
        headers += struct.pack("<20s5IBbHH", b"EOS", 0, 0, 0, 0, 0, 0, 0, 0, 0)
        info = _chunk(b"ifil", struct.pack("<HH", 2, 4)) + _chunk(b"INAM", b"test")
        body = _list(b"INFO", info) + _list(b"sdta", _chunk(b"smpl", pcm)) + self._presets(headers)
        path.write_bytes(_chunk(b"RIFF", b"sfbk" + body))
        return Soundfont("test", "CC0", path)

    def _presets(self, sample_headers: bytes) -> bytes:
        phdr = pbag = pgen = inst = ibag = igen = b""
        for number, ((bank, program), zones) in enumerate(self.presets.items()):
            phdr += struct.pack("<20sHHHIII", b"preset", program, bank, number, 0, 0, 0)
            pbag += struct.pack("<HH", len(pgen) // 4, 0)
            pgen += struct.pack("<HH", INSTRUMENT, number)
            inst += struct.pack("<20sH", b"instrument", len(ibag) // 4)
            for zone in zones:
                ibag += struct.pack("<HH", len(igen) // 4, 0)
                igen += b"".join(struct.pack("<HH", *generator) for generator in zone.generators())
        phdr += struct.pack("<20sHHHIII", b"EOP", 0, 0, len(self.presets), 0, 0, 0)
        pbag += struct.pack("<HH", len(pgen) // 4, 0)
        inst += struct.pack("<20sH", b"EOI", len(ibag) // 4)
        ibag += struct.pack("<HH", len(igen) // 4, 0)
        parts = {
            b"phdr": phdr, b"pbag": pbag, b"pmod": bytes(10), b"pgen": pgen + bytes(4),
            b"inst": inst, b"ibag": ibag, b"imod": bytes(10), b"igen": igen + bytes(4),
            b"shdr": sample_headers,
        }  # fmt: skip
        return _list(b"pdta", b"".join(_chunk(name, data) for name, data in parts.items()))


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)


def _list(name: bytes, data: bytes) -> bytes:
    return _chunk(b"LIST", name + data)


def little_font(path: Path) -> Soundfont:
    """Program 33 and 81: a sine that ends with the key; 50: one that rings for seconds; kit 0: noises."""
    cycles = np.sin(2 * np.pi * 441.0 * np.arange(4410) / RATE)  # 44.1 cycles of 100 samples
    font = LittleFont([0.5 * cycles[:4400], 0.5 * noise(1.5, 0.4, 5000.0), 0.5 * noise(0.1, 0.02)])
    held = Zone(0, loops=True, root=69)
    font.presets = {
        (0, 33): [held], (0, 81): [held], (0, 50): [Zone(0, loops=True, release_s=4.0)],
        (128, 0): [
            Zone(1, 46, 46, root=46, release_s=90.0, exclusive=1),
            Zone(2, 42, 42, root=42, release_s=90.0, exclusive=1),
            Zone(2, 36, 36, root=36, release_s=90.0),
        ],
    }  # fmt: skip
    return font.write(path)
