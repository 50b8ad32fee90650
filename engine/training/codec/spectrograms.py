"""What a codec makes of stems, as a picture: spectra before and after, what changed, and an attack."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import EngineError
from engine.training.codec.picture import new_figure, save_png

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = NDArray[np.float64]

SHOWN_S = 6.0
WINDOW, HOP, BANDS, LOWEST_HZ = 2048, 256, 160, 40.0
FLOOR_DB, APART_DB = -80.0, 20.0
NAMES = ("original", "decoded")
TICKS_HZ = (50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000)
BEFORE_MS, AFTER_MS = 15, 35  # around the attack that is drawn as a waveform


def draw_spectrograms(
    pairs: Sequence[tuple[str, NDArray[Any], NDArray[Any]]],
    out: Path,
    sample_rate: int = 44_100,
    names: tuple[str, str] = NAMES,
) -> None:
    """A PNG with a row for each (name, original [N, C], decoded [N, C]): both, their difference, an attack.

    Levels in dB below the loudest place of the original, over logarithmic frequency; the first seconds only.
    The difference is red where something was added, blue where it was lost; `names`: what both are called.
    EngineError `empty`, `not_available`.
    """
    usable = [(name, *_cut(original, decoded, sample_rate)) for name, original, decoded in pairs]
    usable = [pair for pair in usable if len(pair[1]) >= WINDOW]
    if not usable:
        raise EngineError("empty", f"no pair of at least {WINDOW} samples to draw")
    figure = new_figure(16.0, 2.6 * len(usable) + 0.6)
    grid = figure.subplots(len(usable), 4, squeeze=False, gridspec_kw={"width_ratios": (3, 3, 3, 2)})
    for row, (name, original, decoded) in zip(grid, usable, strict=True):
        _draw_pair(row, name, original, decoded, sample_rate, names)
    for axes in grid[:, 0]:
        axes.set_ylabel("Hz", fontsize=8)
    for axes in grid[-1, :3]:
        axes.set_xlabel("s", fontsize=8)
    grid[-1, 3].set_xlabel("ms from the attack", fontsize=8)
    save_png(figure, out)


def levels_db(audio: Floats, sample_rate: int) -> Floats:
    """audio [N, C] -> mean power in dB of bands evenly spaced in pitch [bands, spectra]; a sine at 1 is 0."""
    shape = np.hanning(WINDOW + 1)[:-1]
    pieces = np.lib.stride_tricks.sliding_window_view(audio, WINDOW, axis=0)[::HOP]  # [spectra, C, window]
    power = (np.abs(np.fft.rfft(pieces * shape)) * (4.0 / WINDOW)) ** 2
    bins = power.mean(1)  # [spectra, bins]
    summed = np.concatenate([np.zeros((len(bins), 1)), np.cumsum(bins, 1)], 1)
    # A band is a piece of the sum over bins; edges between two bins share the bin.
    edges = band_edges_hz(sample_rate) * WINDOW / sample_rate + 0.5
    low = np.floor(edges).astype(int).clip(0, bins.shape[1] - 1)
    at = summed[:, low] + (edges - low) * bins[:, low]
    return 10.0 * np.log10(np.diff(at, axis=1) / np.diff(edges) + 1e-12).T


def band_edges_hz(sample_rate: int) -> Floats:
    return np.geomspace(LOWEST_HZ, sample_rate / 2, BANDS + 1)


def attack_sample(audio: Floats, sample_rate: int) -> int:
    """Where the level of audio [N, C] rises most within 5 ms."""
    length = max(1, sample_rate // 200)
    energy = (audio**2).sum(1)
    energy = energy[: len(energy) // length * length].reshape(-1, length).sum(1)
    rise = np.diff(np.sqrt(energy), prepend=0.0)
    start = int(rise.argmax()) * length
    # It began in these 5 ms or in those before: where it first stands clear of what sounded until then.
    peaks = np.abs(audio[: start + length]).max(1)
    before = float(peaks[max(0, start - 2 * length) : max(0, start - length)].max(initial=0.0))
    begin = max(0, start - length)
    clear = before + 0.25 * (float(peaks[begin:].max()) - before)
    return begin + int((peaks[begin:] >= clear).argmax())


def _draw_pair(
    row: Sequence[Axes],
    name: str,
    original: Floats,
    decoded: Floats,
    sample_rate: int,
    names: tuple[str, str],
) -> None:
    wanted, given = levels_db(original, sample_rate), levels_db(decoded, sample_rate)
    top = max(float(wanted.max()), -100.0)
    wanted, given = (np.clip(level - top, FLOOR_DB, 6.0) for level in (wanted, given))
    heard = (wanted > FLOOR_DB) | (given > FLOOR_DB)
    apart = float(np.abs(given - wanted)[heard].mean()) if heard.any() else 0.0
    plain = {"cmap": "magma", "vmin": FLOOR_DB, "vmax": 0.0}
    signed = {"cmap": "RdBu_r", "vmin": -APART_DB, "vmax": APART_DB}
    _draw_levels(row[0], wanted, f"{name}: {names[0]} (dB)", sample_rate, plain)
    _draw_levels(row[1], given, f"{names[1]} (dB)", sample_rate, plain)
    title = f"{names[1]} − {names[0]} (dB), mean {apart:.1f}"
    _draw_levels(row[2], given - wanted, title, sample_rate, signed)
    _draw_attack(row[3], original, decoded, sample_rate, names)


def _draw_levels(axes: Axes, levels: Floats, title: str, sample_rate: int, colours: dict[str, Any]) -> None:
    # A spectrum stands for the hop in the middle of its window.
    start_s = (WINDOW - HOP) / 2 / sample_rate
    end_s = start_s + levels.shape[1] * HOP / sample_rate
    image = axes.imshow(
        levels,
        origin="lower",
        aspect="auto",
        extent=(start_s, end_s, 0, BANDS),
        interpolation="nearest",
        **colours,
    )
    octaves = math.log(sample_rate / 2 / LOWEST_HZ)
    ticks = [hertz for hertz in TICKS_HZ if LOWEST_HZ <= hertz <= sample_rate / 2]
    names = [f"{hertz // 1000}k" if hertz >= 1000 else str(hertz) for hertz in ticks]
    axes.set_yticks([BANDS * math.log(hertz / LOWEST_HZ) / octaves for hertz in ticks], names)
    axes.tick_params(labelsize=7)
    axes.set_title(title, fontsize=9, loc="left")
    axes.figure.colorbar(image, ax=axes, pad=0.01, aspect=30).ax.tick_params(labelsize=6)


def _draw_attack(
    axes: Axes, original: Floats, decoded: Floats, sample_rate: int, names: tuple[str, str]
) -> None:
    """Both waveforms of the louder side: what sounds before the attack is pre-echo."""
    side = int((original**2).sum(0).argmax())
    attack = attack_sample(original, sample_rate)
    start = max(0, attack - BEFORE_MS * sample_rate // 1000)
    end = min(len(original), attack + AFTER_MS * sample_rate // 1000)
    ms = (np.arange(start, end) - attack) * 1000.0 / sample_rate
    axes.plot(ms, original[start:end, side], color="#111827", linewidth=0.9, label=names[0])
    axes.plot(ms, decoded[start:end, side], color="#dc2626", linewidth=0.9, alpha=0.8, label=names[1])
    axes.axvline(0, color="#9ca3af", linewidth=0.7, linestyle="--")
    axes.set_title(f"attack at {attack / sample_rate:.2f} s", fontsize=9, loc="left")
    # Above the frame: inside, it would lie on the waveform.
    axes.legend(fontsize=6, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, frameon=False)
    axes.tick_params(labelsize=7)
    axes.grid(alpha=0.25)


def _cut(original: NDArray[Any], decoded: NDArray[Any], sample_rate: int) -> tuple[Floats, Floats]:
    """Both [N, C] to the shorter one's length, and to the seconds that are drawn."""
    length = min(len(original), len(decoded), int(SHOWN_S * sample_rate))
    return np.asarray(original[:length], np.float64), np.asarray(decoded[:length], np.float64)
