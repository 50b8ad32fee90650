"""What a DAWproject file will hold, taken from the open set at one moment.

The first scene is also the arrangement:

    arrangement  bar 1 ........ bar 8 |      launcher     Current   verse   chorus
    Drums        [take 3        ]     |      Drums        take 3    take 1  take 3
    Bass         [take 1][take 1]     |      Bass         take 1    take 1  stop
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.errors import EngineError
from engine.prompt.music_context import Frame
from engine.session import Session
from engine.track import Take

CURRENT = "Current"  # the scene of what stands now


@dataclass(frozen=True)
class Strip:
    """One track's channel of the mixer."""

    track: str
    volume_db: float
    pan: float  # -1 left .. 1 right
    muted: bool
    soloed: bool


@dataclass(frozen=True)
class Scene:
    name: str
    takes: Mapping[str, Take]  # by track; a track that is not here is silent

    @property
    def length_beats(self) -> float:
        return max(length_beats(take) for take in self.takes.values())


@dataclass(frozen=True)
class Plan:
    name: str
    frame: Frame  # tempo, key and signature of the first scene
    strips: tuple[Strip, ...]  # of the tracks that any scene has
    scenes: tuple[Scene, ...]

    @property
    def takes(self) -> list[Take]:
        """Every take once, in the order of the tracks."""
        found = {(t, take.number): take for scene in self.scenes for t, take in scene.takes.items()}
        order = [strip.track for strip in self.strips]
        return [found[key] for key in sorted(found, key=lambda key: (order.index(key[0]), key[1]))]

    @property
    def form(self) -> list[tuple[float, str]]:
        """The parts of the arrangement (beat, name), as the longest score that has several tells them."""
        scores = [take.stem.score for take in self.scenes[0].takes.values() if take.stem.score]
        formed = [score for score in scores if len(score.sections) > 1]
        if not formed:
            return []
        longest = max(formed, key=lambda score: score.length_beats)
        bar_beats = longest.signature.bar_beats
        return [(section.start_bar * bar_beats, section.name) for section in longest.sections]


def length_beats(take: Take) -> float:
    return take.stem.bars * take.stem.signature.bar_beats


def plan_set(name: str, session: Session, scenes: Mapping[str, str]) -> Plan:
    """The set as it stands, and every saved scene; `scenes`: their settings as JSON, by name.

    Where nothing stands now, the first scene that has takes leads. EngineError `empty` without any.
    """
    saved = ((scene, restored(session, json.loads(settings))) for scene, settings in scenes.items())
    return _plan(name, [(CURRENT, session), *saved])


def plan_scene(name: str, session: Session, scene: str, settings: str) -> Plan:
    """One saved scene alone; EngineError `empty` where it has no takes."""
    past = restored(session, json.loads(settings))
    if not _scene(scene, past).takes:
        raise EngineError("empty", f"the scene {scene!r} has no takes; export another, or the whole set")
    return _plan(name, [(scene, past)])


def restored(session: Session, settings: Mapping[str, Any]) -> Session:
    """A session of its own with the state of a scene, over the same takes."""
    past = Session.empty(session.tracks)
    for name, track in past.tracks.items():
        track.takes = session.tracks[name].takes
    past.restore(settings)
    return past


def _plan(name: str, states: Sequence[tuple[str, Session]]) -> Plan:
    scenes = [(_scene(scene, state), state) for scene, state in states]
    scenes = [(scene, state) for scene, state in scenes if scene.takes]
    if not scenes:
        raise EngineError("empty", "there is nothing to export yet; generate something first")
    leading = scenes[0][1]
    used = {track for scene, _ in scenes for track in scene.takes}
    strips = (
        Strip(track.name, track.volume_db, track.pan, track.muted, track.soloed)
        for track in leading.tracks.values()
        if track.name in used
    )
    return Plan(name, leading.sounding(), tuple(strips), tuple(scene for scene, _ in scenes))


def _scene(name: str, state: Session) -> Scene:
    return Scene(name, {track.name: track.take for track in state.tracks.values() if track.take is not None})
