"""Every kernel compiled or loaded before anybody plays, so that no render waits for a compiler.

    first start    this process   kit, finishing, master | what the other one made, loaded
                   another one    instruments, processors|
    later starts   this process   all loaded

numba compiles one kernel at a time in a process, for fifteen seconds in all: a second process takes what
the first needs last, and leaves it in numba's cache.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np

from engine.audio.mastering import mastered
from engine.audio.processors import ORDER, default_processors
from engine.audio.processors.ring import sums, white
from engine.instruments.palette import PALETTES, Instrument, Kit
from engine.instruments.render import duck, level, play
from engine.music.key import Key, Signature
from engine.music.score import Curve, Hit, Note, Score

ROOT = Path(__file__).parents[2]
LONGEST_S = 120.0
EFFECTS = {"reverb": 0.6, "delay": 0.6, "drive": 0.6}
OTHER_PROCESSORS = tuple(name for name in ORDER if name != "saturate")


def warm() -> None:
    """Compile or load everything between a score and its stem, and the master."""
    helper = _helper() if _is_first_start() else None
    warm_kit()
    if helper is not None:
        with suppress(subprocess.TimeoutExpired):  # what is missing then is compiled here
            helper.wait(LONGEST_S)
    warm_instrument(replace(of_everything(), squeeze=0.5), EFFECTS)
    warm_processors(ORDER)


def warm_others() -> None:
    """What the second process compiles: without the effects that a kit has as well."""
    warm_instrument(replace(of_everything(), drive=0.0, reverb=0.0), {"delay": 0.6})
    warm_processors(OTHER_PROCESSORS)


def warm_kit() -> None:
    """Drums, the effects of a kit, finishing, and so loud a mix that the limiter has to work."""
    kit = next(palette for palette in PALETTES.values() if isinstance(palette, Kit))
    kit = replace(kit, squeeze=0.5)
    score = replace(_score(kit, EFFECTS), hits=tuple(Hit(0.0, voice, 90) for voice in kit.voices))
    loop = play(score, kit, lambda share: None)
    duck(loop, score)
    level(loop, score)
    mastered(white(4096, 1), 0.0)


def warm_instrument(instrument: Instrument, settings: dict[str, float]) -> None:
    score = replace(_score(instrument, settings), notes=(Note(0.0, 0.1, 60, 90),))
    play(score, instrument, lambda share: None)


def warm_processors(names: tuple[str, ...]) -> None:
    default_processors().process(white(4096, 1), dict.fromkeys(names, 0.5), 240.0, 1)


def of_everything() -> Instrument:
    """The first layer of each source there is, one through formants, tremolo and chorus.

    Seventy palettes one by one would take four times as long.
    """
    instruments = [palette for palette in PALETTES.values() if isinstance(palette, Instrument)]
    layers = {
        (layer.source, bool(layer.formant)): layer
        for instrument in instruments
        for layer in instrument.layers
    }
    return replace(instruments[0], layers=tuple(layers.values()), squeeze=0.0, tremolo=0.5, chorus=0.5)


def _score(palette: Kit | Instrument, settings: dict[str, float]) -> Score:
    """A sixteenth of silence, shaped by every curve."""
    curves = (Curve("filter", ((0.0, 0.4),)), Curve("energy", ((0.0, 0.5),)), Curve("duck", ((0.0, 0.5),)))
    return Score(
        palette.role, 240.0, Key(), Signature(1, 8), 1, "techno", palette.name, curves=curves,
        settings=settings,
    )  # fmt: skip


def _is_first_start() -> bool:
    """Whether a kernel that costs little had to be compiled, and there is a core for a second process."""
    sums(np.zeros((1, 2), dtype=np.float32))
    return bool(sums.stats.cache_misses) and (os.cpu_count() or 1) > 1


def _helper() -> subprocess.Popen[bytes] | None:
    """Another process that fills numba's cache; None where there can be none."""
    command = [sys.executable, "-m", "engine.instruments.warming"]
    try:
        return subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    except OSError:
        return None


if __name__ == "__main__":
    warm_others()
