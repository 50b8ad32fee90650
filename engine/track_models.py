"""The family `model`: the four track models, told from their files alone until one of them performs.

What computes them (torch) is imported on the first `warm` or `perform`, never by `offer`.
"""

from __future__ import annotations

import importlib.util
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.config import ModelConfig
from engine.errors import EngineError
from engine.performing import Offer, Part, Watch

if TYPE_CHECKING:
    from engine.model.track.band import Band
    from engine.model.track.performing import PerformOptions

PACKAGES = ("torch", "safetensors")
MOST_FIGURES = 4  # of a card, in a line of the log
FIRST_BARS = 1  # that are heard while the rest is being made, where windows are longer
INSTALL = "pip install 'resonantgen[models]'"


class TrackModels:
    """Satisfies `engine.performing.Family`. `folder`: weights of the user's own, before the bundled ones;
    `config`: how they perform."""

    name = "model"

    def __init__(self, folder: Path | None = None, config: ModelConfig | None = None) -> None:
        self.folder, self.config = folder, config or ModelConfig()
        self._offers: dict[str, Offer] = {}
        self._band: Band | None = None
        self._lock = threading.Lock()

    def offer(self, role: str) -> Offer:
        if role not in self._offers:
            self._offers[role] = self._offer(role)
        return self._offers[role]

    def _offer(self, role: str) -> Offer:
        missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
        if missing:
            return Offer(False, False, f"{', '.join(missing)} is not here: {INSTALL}")
        try:
            return _verdict(role, self.folder)
        except EngineError as error:
            lacking = f"no weights of a model for {role} are here"
            return Offer(False, False, lacking if error.code == "unknown" else error.text)

    def warm(self, role: str) -> None:
        self.band().warm(role)

    def perform(self, part: Part, watch: Watch) -> NDArray[np.float32]:
        return self.band().perform(part, watch)

    def band(self) -> Band:
        """Made once, by whichever thread comes first."""
        with self._lock:
            if self._band is None:
                from engine.model.track.band import Band

                config = self.config
                options = options_of(config)
                self._band = Band(
                    self.folder, options, precision=config.precision, compiles=config.compile,
                    threads=config.threads,
                )  # fmt: skip
            return self._band


def options_of(config: ModelConfig) -> PerformOptions:
    from engine.model.track.performing import PerformOptions

    passes = tuple(int(count) for count in config.passes.split())
    return PerformOptions(
        config.temperature,
        config.top_k,
        config.cfg_coef,
        passes,
        config.renewed,
        FIRST_BARS,
        config.between_db,
    )


def _verdict(role: str, folder: Path | None) -> Offer:
    """What the card of the role's file says, for `auto`; its tensors are not read.

    EngineError `unknown` role, `file` for one that could not be loaded, another codec's among them.
    """
    from engine.evaluation.models.goals import clears, goals_of_role
    from engine.model.track.weights import read_track_file, weights_of
    from engine.model.weight_files import SUFFIX, bundled_folder

    path = weights_of(role, folder)
    file = read_track_file(path)
    codec = bundled_folder() / f"{file.codec.name}{SUFFIX}"
    if codec.is_file():
        file.check_codec_file(codec)
    card = file.card
    trusted, reasons = clears(role, card)
    if not trusted:
        return Offer(True, False, f"{path.name}: {'; '.join(reasons)}")
    bars = [goal.measure for goal in goals_of_role(role) if goal.measure in card]
    figures = ", ".join(f"{measure} {card[measure]:.3g}" for measure in bars[:MOST_FIGURES])
    return Offer(True, True, f"{path.name} clears the bar: {figures}")
