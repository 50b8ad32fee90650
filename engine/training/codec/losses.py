"""What a codec's output is compared by: spectra of several lengths, on a mel scale and a linear one.

`complex` compares waveforms where they have their energy; without it a codec keeps every spectrum and
still plays another waveform. `attack` compares how the bands rise: spectra alone forgive starts that are
softer than they were, and a flicker in what is held, of which a listener makes new starts. Sources: Kumar et
al. 2023 (DAC) for the mel scales, Yamamoto et al. 2020 for the STFT terms, Böck & Widmer 2013 for rises.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.evaluation.codec.onsets import BANDS_AN_OCTAVE, HOP, LAG, LEAST_RISE, WINDOW
from engine.evaluation.codec.spectra import octave_bands

LEVEL = 0.1  # root mean square that every piece is compared at: a soft stem counts as much as a loud one
SOFTEST = 1e-4  # root mean square: what is softer is not made louder still
FLOOR = 3e-5  # of a sine's peak, 70 dB below the level: differences below it fade away
QUIET = 0.05  # of the level: a softer view is not compared more finely than this


@dataclass(frozen=True)
class Scale:
    """One length of spectrum, in samples, and its number of mel bands."""

    window: int
    bands: int


SCALES = (Scale(128, 10), Scale(256, 20), Scale(512, 40), Scale(1024, 80), Scale(2048, 128), Scale(4096, 160))
ENVELOPE = 48  # samples: 1.1 ms
MURMUR = 1e-4  # 60 dB below the level: louder than this before an attack is heard
AHEAD = 5  # envelope points, 5.4 ms: what comes within so much makes what is too loud now a pre-echo
WAVEFORM = (1024, 2048)  # spectra of these lengths carry the complex term
RISE_GAIN = 30.0  # the detector's, of a stem whose peak is five times its level


class Reconstruction(nn.Module):
    """Spectral distances of decoded audio; terms `mel`, `stft`, `complex`, `excess`, `attack`."""

    rise_shape: Tensor
    rise_bands: Tensor

    def __init__(self, sample_rate: int, scales: Sequence[Scale] = SCALES) -> None:
        super().__init__()
        self.scales = tuple(scales)
        self.waveform = {scale.window for scale in scales} & set(WAVEFORM) or {scales[-1].window}
        for scale in self.scales:
            self.register_buffer(f"shape{scale.window}", torch.hann_window(scale.window), persistent=False)
            self.register_buffer(
                f"mel{scale.window}", mel_bands(sample_rate, scale.window, scale.bands), persistent=False
            )
        self.register_buffer("rise_shape", torch.hann_window(WINDOW), persistent=False)
        bands = torch.from_numpy(octave_bands(sample_rate, WINDOW, BANDS_AN_OCTAVE))
        self.register_buffer("rise_bands", bands, persistent=False)

    def forward(self, original: Tensor, decoded: Tensor, step: int) -> dict[str, Tensor]:
        """Both [B, C, N] -> the mean of each term over scales.

        Of the scales every other one in turns, of each stem one view (middle, side, left or right): the
        same mean over a few steps in a quarter of the time.
        """
        views = random_views(original.shape[0], original.shape[1], step).to(original.device)  # [B, C]
        views = views * (LEVEL / original.pow(2).mean((1, 2)).sqrt().clamp(min=SOFTEST))[:, None]
        wanted_audio = torch.einsum("bc,bcn->bn", views, original)
        given_audio = torch.einsum("bc,bcn->bn", views, decoded.float())
        mel, stft = [], []
        terms: dict[str, Tensor] = {}
        for scale in self.scales[step % 2 :: 2]:
            with torch.no_grad():
                wanted = self.spectra(wanted_audio, scale.window)
                wanted_size = size_of(wanted)
            given = self.spectra(given_audio, scale.window)
            given_size = size_of(given)
            bands = getattr(self, f"mel{scale.window}")
            mel.append(log_distance(wanted_size @ bands, given_size @ bands))
            quiet = LEVEL * QUIET / scale.window**0.5
            lost = (wanted_size - given_size).pow(2).mean((1, 2)).add(1e-14).sqrt()
            full = wanted_size.pow(2).mean((1, 2)).sqrt() + quiet
            stft.append(log_distance(wanted_size, given_size) + (lost / full).mean())
            if scale.window in self.waveform:
                apart = size_of(wanted - given).sum((1, 2))
                terms["complex"] = (apart / (wanted_size + quiet).sum((1, 2))).mean()
        terms["excess"] = excess(wanted_audio, given_audio)
        with torch.no_grad():
            rising = self.rises(wanted_audio)
        terms["attack"] = (rising - self.rises(given_audio)).abs().mean() / LEAST_RISE
        terms["mel"] = torch.stack(mel).mean()
        terms["stft"] = torch.stack(stft).mean()
        return terms

    def rises(self, audio: Tensor) -> Tensor:
        """audio [B, N] -> [B, steps of 5 ms] how far the bands rise above the loudest of their neighbours
        25 ms ago, mean over bands of log(1 + g m): what evaluation/codec/onsets.py looks at."""
        pieces = audio.unfold(-1, WINDOW, HOP) * self.rise_shape
        size = size_of(torch.fft.rfft(pieces) * (4.0 / WINDOW))
        loud = torch.log1p(RISE_GAIN * (size @ self.rise_bands))  # [B, F, bands]
        before = functional.max_pool1d(loud[:, :-LAG], 3, stride=1, padding=1)
        return functional.relu(loud[:, LAG:] - before).mean(-1)

    def spectra(self, audio: Tensor, window: int) -> Tensor:
        """audio [B, N] -> complex [B, frames, bins]; a full-scale sine has a peak of 1."""
        shape = getattr(self, f"shape{window}")
        pieces = audio.unfold(-1, window, window // 2) * shape
        return torch.fft.rfft(pieces) * (4.0 / window)


def random_views(items: int, channels: int, step: int) -> Tensor:
    """[B, C]: what each stem is heard through. Middle as often as left, right and side together."""
    if channels != 2:
        return torch.ones(items, channels) / channels
    dice = random.Random(step)
    half = 0.5**0.5
    middle = (half, half)
    kinds = (middle, middle, middle, (half, -half), (1.0, 0.0), (0.0, 1.0))
    return torch.tensor([dice.choice(kinds) for _ in range(items)])


def size_of(spectra: Tensor) -> Tensor:
    """Magnitudes, never quite 0; a third of the time of `abs`, whose gradient is slow for complex numbers."""
    return torch.view_as_real(spectra).pow(2).sum(-1).add(1e-14).sqrt()


def log_distance(wanted: Tensor, given: Tensor) -> Tensor:
    """Mean distance of logarithms. The floor is added: below one that cuts off nothing ever came back."""
    return ((wanted + FLOOR).log() - (given + FLOOR).log()).abs().mean()


def excess(wanted: Tensor, given: Tensor) -> Tensor:
    """How much louder the given is, millisecond by millisecond: what sounds before an attack or after an end.

    Both [B, N]. Only what is too much: what is missing is told by the spectra. It counts the more, the more
    the wanted rises right after: a few milliseconds before an attack are little of a mean over all.
    """
    loud = (envelope(wanted) + MURMUR).log()
    louder = functional.relu((envelope(given) + MURMUR).log() - loud)
    return (louder * (1.0 + coming(loud))).mean()


def coming(loud: Tensor) -> Tensor:
    """loud [B, M], log -> by how much the loudest of the next AHEAD points is louder [B, M], nepers."""
    after = functional.pad(loud[:, None, 1:], (0, AHEAD), value=-math.inf)[:, 0]
    return functional.relu(functional.max_pool1d(after[:, None], AHEAD, stride=1)[:, 0] - loud)


def envelope(audio: Tensor) -> Tensor:
    """audio [B, N] -> root mean square of every ENVELOPE samples [B, N / ENVELOPE]."""
    power = functional.avg_pool1d(audio[:, None].square(), ENVELOPE)[:, 0]
    return power.add(1e-12).sqrt()


def mel_bands(sample_rate: int, window: int, bands: int) -> Tensor:
    """Triangles on the mel scale, each with a sum of one [bins, bands]."""
    hertz = torch.linspace(0, sample_rate / 2, window // 2 + 1)
    highest = 2595.0 * torch.log10(torch.tensor(1.0 + sample_rate / 2 / 700.0))
    edges = 700.0 * (10 ** (torch.linspace(0, float(highest), bands + 2) / 2595.0) - 1.0)
    # A triangle narrower than two bins would miss all of them.
    step = sample_rate / window
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    low, high = torch.minimum(low, middle - step), torch.maximum(high, middle + step)
    up = (hertz[:, None] - low) / (middle - low)
    down = (high - hertz[:, None]) / (high - middle)
    triangles = torch.minimum(up, down).clamp(min=0)
    return triangles / triangles.sum(0, keepdim=True)
