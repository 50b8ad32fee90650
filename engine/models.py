"""Who performs a track: its instruments, or a model of a family; and why.

    models.register(family)        or an entry point of an installed package, group `resonantgen.models`,
                                   naming a Family
    models.choose(track_type, "auto")  ->  Choice("model", "its card clears the bar …", family)

render = auto          the model where its card clears the bar on this machine, else the instruments
         model         the model, whatever its card says; a track without one fails, and where a model breaks
                       off the instruments' take stays, and says so
         instruments   never a model
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from engine.config import Config, model_folder
from engine.errors import EngineError, unknown
from engine.performing import INSTRUMENTS, RENDERS, Family
from engine.plugins import load_entry_points
from engine.registry import Registry, TrackType

log = logging.getLogger(__name__)
GROUP = "resonantgen.models"
LONGEST_TOLD = 300  # characters


@dataclass(frozen=True)
class Choice:
    """`performer` is what a stem's metadata says; `family` is None where the instruments play.
    `missing`: a model was demanded, and there is none."""

    performer: str
    why: str
    family: Family | None = None
    missing: bool = False

    @property
    def told(self) -> str:
        """`why`, short enough for one message of the contract."""
        return self.why if len(self.why) <= LONGEST_TOLD else f"{self.why[: LONGEST_TOLD - 1]}…"


class Models:
    """The families by name."""

    def __init__(self, families: Iterable[Family] = (), render: str = "auto") -> None:
        """`render`: what holds for a set that says nothing else."""
        self.families = {family.name: family for family in families}
        self.render = render

    def register(self, family: Family) -> None:
        """EngineError `range` for a name that already means something else."""
        if family.name in (*self.families, INSTRUMENTS, "auto", "import"):
            raise EngineError("range", f"a family of models cannot be called {family.name!r}: that is taken")
        self.families[family.name] = family

    def load_entry_points(self) -> list[str]:
        """Register what installed packages offer; returns what could not be loaded, and why."""
        return load_entry_points(GROUP, self.register)

    def choose(self, kind: TrackType, render: str) -> Choice:
        """Who performs this type of track; EngineError `unknown` for another word than RENDERS."""
        if render not in RENDERS:
            raise unknown("render", render, RENDERS)
        if not kind.model:
            return Choice(kind.perform_name, "no model is made for this track")
        if render == INSTRUMENTS:
            return Choice(kind.perform_name, "render = instruments")
        family = self.families.get(kind.family)
        if family is None:
            return self._without(kind, render, f"no family of models called {kind.family!r} is installed")
        offer = family.offer(kind.model)
        if not offer.available:
            return self._without(kind, render, offer.why)
        if render == "model" or offer.trusted:
            return Choice(family.name, offer.why, family)
        return Choice(kind.perform_name, offer.why)

    def _without(self, kind: TrackType, render: str, why: str) -> Choice:
        if render == "model":
            return Choice(kind.family, why, missing=True)
        return Choice(kind.perform_name, why)

    def check(self, kinds: Iterable[TrackType], render: str) -> None:
        """EngineError `not_available` where `model` is asked for, and none of these tracks has one."""
        choices = [self.choose(kind, render) for kind in kinds]
        reasons = {choice.why: None for choice in choices if choice.family is None}
        if render == "model" and len(choices) and all(choice.family is None for choice in choices):
            why = "; ".join(reasons)
            raise EngineError(
                "not_available", f"no track model can perform: {why}. Allowed here: auto, instruments"
            )


def performers_told(choices: Mapping[str, Choice]) -> list[str]:
    """A line for each performer and reason: `drums, bass: instruments perform (why)`."""
    tracks: dict[tuple[str, str], list[str]] = {}
    for name, choice in choices.items():
        tracks.setdefault((choice.performer, choice.told), []).append(name)
    return [
        f"{', '.join(names)}: {performer}{'' if performer.endswith('s') else 's'} perform ({why})"
        for (performer, why), names in tracks.items()
    ]


def performers_summed(choices: Mapping[str, Choice]) -> str:
    """`model (drums, bass), instruments (melody)`; the one word where there is one performer."""
    tracks: dict[str, list[str]] = {}
    for name, choice in choices.items():
        tracks.setdefault(choice.performer, []).append(name)
    if len(tracks) == 1:
        return next(iter(tracks))
    return ", ".join(f"{performer} ({', '.join(names)})" for performer, names in tracks.items())


def warm_models(registry: Registry, choices: Mapping[str, Choice]) -> None:
    """Load what will perform. One that cannot be loaded says so in the log, and when it is asked: the engine
    plays without."""
    for name, choice in choices.items():
        if choice.family is not None:
            try:
                choice.family.warm(registry[name].model)
            except EngineError as error:
                log.warning("%s: %s", name, error.text)
            except Exception:  # a family may be anybody's
                log.exception("%s: its model cannot be loaded", name)


def models_of(config: Config) -> Models:
    """The band of track models as the settings have it; installed packages may add families."""
    from engine.track_models import TrackModels

    return Models([TrackModels(model_folder(config), config.model)], config.engine.render)
