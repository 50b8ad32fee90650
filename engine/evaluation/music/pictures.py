"""A take to look at: the piano roll of its four tracks above the spectrogram of its mix."""

from __future__ import annotations

import base64
import io

import numpy as np

from engine.evaluation.extras import need
from engine.evaluation.music.takes import Take
from engine.evaluation.signal import RATE, mono
from engine.music.score import DRUM_VOICES

COLOURS = {"bass": "#c2410c", "harmony": "#1d4ed8", "melody": "#15803d"}
MELS = 96


def picture_of(take: Take) -> str:
    """A PNG in base64."""
    need("matplotlib").use("Agg")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 6.2), dpi=72, layout="constrained")
    roll, drums, sound = figure.subplots(3, 1, gridspec_kw={"height_ratios": (3, 1.6, 2.4)})
    length = take.scores["drums"].length_beats
    _roll(roll, take)
    _drums(drums, take)
    for axes in (roll, drums):
        axes.set_xlim(0, length)
        axes.set_xticks(np.arange(0, length + 0.01, take.context.signature.bar_beats))
        axes.grid(axis="x", alpha=0.4)
    librosa = need("librosa")
    power = librosa.feature.melspectrogram(y=mono(take.mix), sr=RATE, n_mels=MELS, hop_length=512)
    level = librosa.power_to_db(power, ref=np.max)
    seconds = len(take.mix) / RATE
    sound.imshow(level, origin="lower", aspect="auto", cmap="magma", vmin=-70, extent=(0, seconds, 0, MELS))
    sound.set(xlabel="s", ylabel="mel band")
    file = io.BytesIO()
    figure.savefig(file, format="png", metadata={"Software": None})
    return base64.b64encode(file.getvalue()).decode()


def _roll(axes: object, take: Take) -> None:
    for name, colour in COLOURS.items():
        notes = take.scores[name].notes
        axes.barh(  # type: ignore[attr-defined]
            [note.pitch for note in notes], [note.length_beats for note in notes],
            left=[note.start_beats for note in notes], height=0.8, color=colour, label=name,
        )  # fmt: skip
    axes.set_ylabel("pitch")  # type: ignore[attr-defined]
    axes.legend(loc="upper right", fontsize=8)  # type: ignore[attr-defined]


def _drums(axes: object, take: Take) -> None:
    hits = take.scores["drums"].hits
    voices = sorted({hit.voice for hit in hits}, key=lambda voice: DRUM_VOICES[voice])
    axes.scatter(  # type: ignore[attr-defined]
        [hit.start_beats for hit in hits], [voices.index(hit.voice) for hit in hits],
        s=[hit.velocity / 5 for hit in hits], c="#444", marker="|",
    )  # fmt: skip
    axes.set_yticks(range(len(voices)), voices, fontsize=8)  # type: ignore[attr-defined]
