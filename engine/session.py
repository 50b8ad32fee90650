"""The set's state, and the only code that changes it. Lives on the control thread.

`apply(command)` carries out the commands that change a value, and returns the events that tell of it;
commands that take time (generate, export …) are the engine's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import singledispatchmethod
from typing import Any

from engine import commands as c
from engine import events as e
from engine.analysis_fields import listening_events
from engine.audio.mixing import pan_gains
from engine.context.track_context import TrackContext
from engine.errors import EngineError, check_range, unknown
from engine.music.key import Key, Signature
from engine.performing import RENDERS
from engine.prompt.music_context import Frame, MusicContext
from engine.track import Track
from engine.track_events import take_events, track_events
from engine.units import MAX_BARS, MAX_TEMPO_BPM, MIN_BARS, MIN_TEMPO_BPM, SILENCE_DB, beats_to_seconds

WHEN = ("now", "beat", "bar", "loop", "manual")
MAX_SEED = 2**31 - 1
# 64 bars of 9/4 at 40 bpm; keeps one stem under 320 MB.
MAX_LOOP_SECONDS = 900.0


@dataclass
class Session:
    """Everything a scene keeps, and the takes."""

    tracks: dict[str, Track]
    frame: Frame = field(default_factory=Frame)
    seed: int = -1
    when: str = "loop"
    render: str = ""  # of performing.RENDERS; "": as the engine's settings have it
    context: MusicContext | None = None

    @classmethod
    def empty(cls, names: Iterable[str]) -> Session:
        return cls({name: Track(name) for name in names})

    # --- finding things ---------------------------------------------------------------------------

    def select(self, pattern: str) -> list[Track]:
        """The tracks that a command's `track` means; EngineError `unknown`."""
        if pattern == "*":
            return list(self.tracks.values())
        names = pattern.split(",")
        for name in names:
            if name not in self.tracks:
                raise unknown("track", name, self.tracks)
        return [self.tracks[name] for name in names]

    def standing(self, but: Sequence[str] = ()) -> list[Track]:
        """Tracks with a stem, locked ones first, without those named."""
        named = [t for t in self.tracks.values() if t.stem is not None and t.name not in but]
        return sorted(named, key=lambda track: not track.locked)

    def imposed(self, standing: Sequence[Track]) -> Frame | None:
        """The frame that stems which stay impose on what is made beside them.

        `pinned` names the imposed fields: signature, the key unless only drums stand, and the tempo: the
        set's, which stems of every tempo are played at.
        """
        stems = [track.stem for track in standing if track.stem is not None]
        if not stems:
            return None
        pitched = [track for track in standing if track.stem is not None and track.stem.track != "drums"]
        leader = max(pitched, key=_key_weight).stem if pitched else None
        key = leader.key if leader else self.frame.key
        imposed = frozenset({"tempo_bpm", "signature"} | ({"key"} if pitched else set()))
        return Frame(self.frame.tempo_bpm, key, stems[0].signature, self.frame.bars, imposed)

    def sounding(self) -> Frame:
        """The frame of what plays: the stems' own, in the set's tempo, or the set's while there are none."""
        return self.imposed(self.standing()) or self.frame

    def chords(self) -> str:
        return next((" ".join(c.symbol for c in says.chords) for says in self._says() if says.chords), "")

    def _says(self) -> list[TrackContext]:
        """What the tracks that stand tell, the surest of their chords first."""
        says = [track.take.says for track in self.standing() if track.take is not None]
        return sorted(says, key=lambda one: -one.sure_of("chords"))

    def gains(self) -> dict[str, tuple[float, float]]:
        """Left and right gain of each track, mute and solo considered."""
        any_solo = any(track.soloed for track in self.tracks.values())
        return {
            name: pan_gains(t.volume_db, t.pan, not t.muted and (t.soloed or not any_solo))
            for name, t in self.tracks.items()
        }

    def midi(self) -> dict[str, bool]:
        """Whether each track's score plays on its MIDI port."""
        return {name: track.midi for name, track in self.tracks.items()}

    # --- commands that change a value -------------------------------------------------------------

    @singledispatchmethod
    def apply(self, command: c.Command) -> list[e.Event]:
        raise EngineError("internal", f"{type(command).__name__} is not a command of the session")

    @apply.register
    def _lock(self, command: c.SetLock) -> list[e.Event]:
        return self._set(command.track, "locked", command.on, e.TrackLock)

    @apply.register
    def _param(self, command: c.SetParam) -> list[e.Event]:
        tracks = self.select(command.track)
        for track in tracks:
            track.set_param(command.name, command.value)
        return [e.TrackParam(track.name, command.name, command.value) for track in tracks]

    @apply.register
    def _track_prompt(self, command: c.SetTrackPrompt) -> list[e.Event]:
        return self._set(command.track, "prompt", command.prompt, e.TrackPrompt)

    @apply.register
    def _track_seed(self, command: c.SetTrackSeed) -> list[e.Event]:
        check_range("seed", command.seed, -1, MAX_SEED)
        return self._set(command.track, "seed", command.seed, e.TrackSeed)

    @apply.register
    def _volume(self, command: c.SetVolume) -> list[e.Event]:
        check_range("volume_db", command.volume_db, SILENCE_DB, 12)
        return self._set(command.track, "volume_db", command.volume_db, e.TrackVolume)

    @apply.register
    def _pan(self, command: c.SetPan) -> list[e.Event]:
        check_range("pan", command.pan, -1, 1)
        return self._set(command.track, "pan", command.pan, e.TrackPan)

    @apply.register
    def _mute(self, command: c.SetMute) -> list[e.Event]:
        return self._set(command.track, "muted", command.on, e.TrackMute)

    @apply.register
    def _solo(self, command: c.SetSolo) -> list[e.Event]:
        return self._set(command.track, "soloed", command.on, e.TrackSolo)

    @apply.register
    def _midi(self, command: c.SetTrackMidi) -> list[e.Event]:
        return self._set(command.track, "midi", command.on, e.TrackMidi)

    def _set(
        self, pattern: str, name: str, value: Any, event: Callable[[str, Any], e.Event]
    ) -> list[e.Event]:
        """One field of every track that is meant."""
        tracks = self.select(pattern)
        for track in tracks:
            setattr(track, name, value)
        return [event(track.name, value) for track in tracks]

    @apply.register
    def _undo(self, command: c.Undo) -> list[e.Event]:
        return self._step(command.track, -1)

    @apply.register
    def _redo(self, command: c.Redo) -> list[e.Event]:
        return self._step(command.track, +1)

    @apply.register
    def _take(self, command: c.SelectTake) -> list[e.Event]:
        tracks = self.select(command.track)
        for track in tracks:  # all of them, or none
            track.check_take(command.number)
        for track in tracks:
            track.select(command.number)
        return [event for track in tracks for event in take_events(track)]

    def _step(self, pattern: str, step: int) -> list[e.Event]:
        """Undo or redo; with several tracks, those that are locked or at the end stay where they are."""
        tracks = self.select(pattern)
        if len(tracks) == 1:
            tracks[0].select(tracks[0].current + step)
        else:
            tracks = [t for t in tracks if not t.locked and 1 <= t.current + step <= len(t.takes)]
            for track in tracks:
                track.select(track.current + step)
        return [event for track in tracks for event in take_events(track)]

    @apply.register
    def _tempo(self, command: c.SetTempo) -> list[e.Event]:
        check_range("tempo_bpm", command.tempo_bpm, MIN_TEMPO_BPM, MAX_TEMPO_BPM)
        return self.set_frame(self._pin("tempo_bpm", command.tempo_bpm))

    @apply.register
    def _key(self, command: c.SetKey) -> list[e.Event]:
        return self.set_frame(self._pin("key", Key.parse(command.key)))

    @apply.register
    def _signature(self, command: c.SetSignature) -> list[e.Event]:
        return self.set_frame(self._pin("signature", Signature(command.beats, command.unit)))

    @apply.register
    def _bars(self, command: c.SetBars) -> list[e.Event]:
        check_range("bars", command.bars, MIN_BARS, MAX_BARS)
        return self.set_frame(self._pin("bars", command.bars))

    @apply.register
    def _seed(self, command: c.SetSeed) -> list[e.Event]:
        check_range("seed", command.seed, -1, MAX_SEED)
        self.seed = command.seed
        return [e.Seed(self.seed)]

    @apply.register
    def _when(self, command: c.SetWhen) -> list[e.Event]:
        if command.when not in WHEN:
            raise unknown("when", command.when, WHEN)
        self.when = command.when
        return [e.When(self.when)]

    @apply.register
    def _render(self, command: c.SetRender) -> list[e.Event]:
        if command.render not in RENDERS:
            raise unknown("render", command.render, RENDERS)
        self.render = command.render
        return [e.Render(self.render)]

    # --- the frame --------------------------------------------------------------------------------

    def set_tempo(self, tempo_bpm: float) -> list[e.Event]:
        """The tempo as the music has it: a musician's own stays theirs (see `_tempo`)."""
        self.frame = replace(self.frame, tempo_bpm=tempo_bpm)
        return [e.Tempo(tempo_bpm)]

    def tempo_of_takes(self) -> list[e.Event]:
        """Other takes were chosen: where nobody has set the tempo, and all that stands now is in another one,
        it comes back with them."""
        tempi = {track.stem.tempo_bpm for track in self.standing() if track.stem is not None}
        if "tempo_bpm" in self.frame.pinned or len(tempi) != 1 or self.frame.tempo_bpm in tempi:
            return []
        return self.set_tempo(tempi.pop())

    def _pin(self, name: str, value: Any) -> Frame:
        return replace(self.frame, **{name: value}, pinned=self.frame.pinned | {name})

    def set_frame(self, frame: Frame) -> list[e.Event]:
        """Take over a frame; EngineError `range` where the loop would be too long to hold."""
        check_length(frame)
        self.frame = frame
        return self.frame_events()

    def frame_events(self) -> list[e.Event]:
        frame = self.frame
        return [
            e.Tempo(frame.tempo_bpm), e.KeyChanged(frame.key.name), e.Bars(frame.bars),
            e.SignatureChanged(frame.signature.beats, frame.signature.unit),
        ]  # fmt: skip

    def context_events(self) -> list[e.Event]:
        sounding, standing = self.sounding(), self._says()
        return [
            e.ContextKey(sounding.key.name), e.ContextTempo(sounding.tempo_bpm),
            e.ContextChords(self.chords()), *listening_events(standing),
        ]  # fmt: skip

    # --- everything at once -----------------------------------------------------------------------

    def snapshot(self) -> list[e.Event]:
        """Every value as events: what a client gets on `/rg/hello`."""
        events: list[e.Event] = [*self.frame_events(), e.Seed(self.seed), e.When(self.when)]
        for track in self.tracks.values():
            events += track_events(track)
        return events + self.context_events()

    def settings(self) -> dict[str, Any]:
        """Everything but the takes, as plain data for the store and for scenes."""
        frame = self.frame
        return {
            "frame": {
                "tempo_bpm": frame.tempo_bpm, "key": asdict(frame.key), "signature": asdict(frame.signature),
                "bars": frame.bars, "pinned": sorted(frame.pinned),
            },
            "seed": self.seed, "when": self.when, "render": self.render,
            "context": self.context.to_json() if self.context else None,
            "tracks": {name: track.settings() for name, track in self.tracks.items()},
        }  # fmt: skip

    def restore(self, settings: Mapping[str, Any], keep_locked: bool = False) -> None:
        """The inverse of `settings`. With `keep_locked`, tracks that are locked now stay as they are."""
        frame = settings["frame"]
        self.frame = Frame(
            frame["tempo_bpm"], Key(**frame["key"]), Signature(**frame["signature"]), frame["bars"],
            frozenset(frame["pinned"]),
        )  # fmt: skip
        self.seed, self.when = settings["seed"], settings["when"]
        self.render = settings.get("render", "")
        self.context = MusicContext.from_json(settings["context"]) if settings["context"] else None
        for name, values in settings["tracks"].items():
            track = self.tracks.get(name)
            if track is not None and not (keep_locked and track.locked):
                track.restore(values)


def _key_weight(track: Track) -> tuple[bool, float]:
    """Locked tracks tell the key before others, and among them the one that is surest of it."""
    return track.locked, track.take.says.sure_of("key") if track.take else 0.0


def check_length(frame: Frame) -> None:
    seconds = beats_to_seconds(frame.bars * frame.signature.bar_beats, frame.tempo_bpm)
    if seconds > MAX_LOOP_SECONDS:
        raise EngineError(
            "range",
            f"{frame.bars} bars of {frame.signature.name} at {frame.tempo_bpm:g} bpm last {seconds:.0f} s; "
            f"a loop may last {MAX_LOOP_SECONDS:.0f} s",
        )
