"""What is told of a track: its takes when they change, all of it when a client arrives."""

from __future__ import annotations

from engine import events as e
from engine.stem import Stem
from engine.track import Track


def stem_event(track: str, file: str, stem: Stem) -> e.TrackStem:
    return e.TrackStem(track, file, stem.tempo_bpm, stem.key.name, stem.bars, stem.seed)


def take_events(track: Track) -> list[e.Event]:
    events: list[e.Event] = [e.TrackTake(track.name, track.current, len(track.takes))]
    if track.take is not None and track.take.file:
        events.append(stem_event(track.name, track.take.file, track.take.stem))
    return events


def track_events(track: Track) -> list[e.Event]:
    name = track.name
    return [
        e.TrackState(name, track.state), e.TrackLock(name, track.locked), e.TrackPrompt(name, track.prompt),
        e.TrackSeed(name, track.seed), e.TrackVolume(name, track.volume_db), e.TrackPan(name, track.pan),
        e.TrackMute(name, track.muted), e.TrackSolo(name, track.soloed), e.TrackMidi(name, track.midi),
        *(e.TrackParam(name, param, value) for param, value in track.params.items()), *take_events(track),
    ]  # fmt: skip
