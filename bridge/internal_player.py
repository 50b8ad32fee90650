"""A player without sound: the transport of `Player` from the system clock, for machines without JACK.

Swaps happen by the clock, when somebody looks: state is brought up to date at each call.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bridge.grid import Grid
from bridge.player import MAX_FRAME, SAFETY_FRAMES, Loop, PlayerStatus, Transport, longest
from bridge.playing import Playing, PlayingVoice
from bridge.timeline import Timeline
from engine.errors import check_range, unknown
from engine.units import STEM_SAMPLE_RATE

if TYPE_CHECKING:
    from engine.audio.midi_live import LiveMidi


@dataclass
class Voice:
    """What one track plays, and what takes over at `frame`."""

    loop: Loop | None = None
    next_loop: Loop | None = None
    frame: int | None = None  # None: nothing waits
    beat: float | None = None  # that it waits for; None: for the frame
    gain: float = 1.0  # the louder side
    midi: bool = True
    peak: float = field(default=0.0)  # since the last look at the levels

    def perform(self) -> None:
        if self.frame is not None:
            self.loop, self.next_loop, self.frame, self.beat = self.next_loop, None, None, None

    def hear(self) -> None:
        if self.loop is not None:
            self.peak = max(self.peak, self.loop.peak * self.gain)


class InternalPlayer:
    """See `Player`. `clock` gives seconds and never goes back; `listen` is told of every change."""

    def __init__(
        self,
        tracks: Sequence[str],
        clock: Callable[[], float] = time.perf_counter,
        listen: Callable[[Playing], None] | None = None,
    ) -> None:
        self._clock, self._listen, self._breaks = clock, listen, 0
        self._voices = {track: Voice() for track in tracks}
        self._timeline = Timeline()
        self._rolling = False
        self._frame = 0  # at `_since`
        self._since = clock()

    def prepare(
        self, audio: NDArray[np.float32], midi: LiveMidi | None = None, length_beats: float = 0.0
    ) -> Loop:
        return Loop(audio, midi, length_beats)

    def swap(self, track: str, loop: Loop | None, when: str, grid: Grid) -> int | None:
        return self.swap_many({track: loop}, when, grid)

    def swap_many(self, loops: Mapping[str, Loop | None], when: str, grid: Grid) -> int | None:
        voices = {track: self._voice(track) for track in loops}
        self._update()
        playing = [voice.loop for voice in voices.values() if voice.loop is not None]
        earliest = self._now() + SAFETY_FRAMES
        frame = self._timeline.boundary(when, earliest, longest(playing))
        beat = None if when == "now" else self._timeline.beat_at(frame)
        self.set_grid(grid, frame)
        if not self._rolling:
            frame = self._now()
        for track, voice in voices.items():
            if (loop := loops[track]) is not None:
                loop.begin(grid.tempo_bpm)
            voice.next_loop, voice.frame, voice.beat = loop, frame, beat
        self._update()
        self._tell()
        return frame

    def replace(self, track: str, old: Loop, new: Loop) -> bool:
        return bool(self.replace_many({track: (old, new)}))

    def replace_many(self, loops: Mapping[str, tuple[Loop, Loop]]) -> list[str]:
        self._update()
        standing = [track for track, (old, _) in loops.items() if self.latest(track) is old]
        for track in standing:
            voice, (old, new) = self._voice(track), loops[track]
            new.length_beats = new.length_beats or old.length_beats
            new.speak_like(old)
            if voice.frame is None:
                voice.loop = new
            else:
                voice.next_loop = new
        self._tell()
        return standing

    def pending(self, track: str) -> int | None:
        self._update()
        return self._voice(track).frame

    def playing(self, track: str) -> Loop | None:
        self._update()
        return self._voice(track).loop

    def latest(self, track: str) -> Loop | None:
        """The loop that waits, or else the one that plays."""
        self._update()
        voice = self._voice(track)
        return voice.loop if voice.frame is None else voice.next_loop

    def set_gains(self, track: str, left: float, right: float) -> None:
        self._update()
        self._voice(track).gain = max(left, right)

    def set_midi(self, track: str, on: bool) -> None:
        self._update()
        self._voice(track).midi = on
        self._tell()

    def levels(self) -> dict[str, float]:
        """Of each loop its whole peak while it plays; "mix" is their sum, the most it can be."""
        self._update()
        peaks = {track: voice.peak for track, voice in self._voices.items()}
        for voice in self._voices.values():
            voice.peak = 0.0
        return {**peaks, "mix": sum(peaks.values())}

    def set_grid(self, grid: Grid, frame: int | None = None) -> None:
        """`frame`: where it begins, while the transport rolls; None: as soon as a player of sound could."""
        self._update()
        timeline = replace(self._timeline, signature=grid.signature)
        if self._rolling and self._has_music():
            at = self._now() + SAFETY_FRAMES if frame is None else frame
            timeline = timeline.with_tempo(at, grid.tempo_bpm)
        elif grid.tempo_bpm != timeline.marks[-1].tempo_bpm:
            beat, timeline = timeline.beat_at(self._frame), Timeline.of(grid)
            if not self._rolling:
                self._frame = min(max(timeline.frame_at(beat), 0), MAX_FRAME)
        self._lay(timeline)
        self._tell()

    def _lay(self, timeline: Timeline) -> None:
        """The music lies by this from now on, and what waits for a beat with it."""
        self._timeline = timeline
        for voice in self._voices.values():
            if voice.beat is not None and voice.frame is not None:
                voice.frame = timeline.swap_frame(voice.frame, voice.beat)

    def _has_music(self) -> bool:
        voices = self._voices.values()
        return any(voice.loop is not None or voice.next_loop is not None for voice in voices)

    def play(self) -> None:
        """Where it plays already nothing happens: what waits goes on waiting."""
        self._update()
        if not self._rolling:
            self._since, self._rolling = self._clock(), True
            self._tell()

    def stop(self) -> None:
        self._update()
        frame = self._now()
        self._break(frame, False, self._timeline.at_rest(frame))

    def locate(self, beat: float) -> None:
        self._update()
        law = self._timeline.settled()
        frame = law.frame_at(beat)
        check_range("transport frame", frame, 0, MAX_FRAME)
        self._break(frame, self._rolling, law)

    def slew(self, frames: float) -> int:
        self._update()
        if not self._rolling:
            self._timeline = self._timeline.shifted(frames)
            return self._frame
        timeline, end = self._timeline.with_slew(self._now() + SAFETY_FRAMES, frames)
        self._lay(timeline)
        self._tell()
        return end

    def follow(self, on: bool) -> None:
        """Nobody is there to be followed."""

    def transport(self) -> Transport:
        frame, timeline = self._now(), self._timeline
        beat, tempo_bpm = timeline.beat_at(frame), timeline.tempo_at(frame)
        return Transport(self._rolling, frame, STEM_SAMPLE_RATE, beat, tempo_bpm, timeline.signature)

    def status(self) -> PlayerStatus:
        return PlayerStatus(True, STEM_SAMPLE_RATE, 0, 0, 0.0, "internal clock, no sound")

    def poll(self) -> bool:
        self._update()
        return False

    def close(self) -> None:
        self.stop()

    def _voice(self, track: str) -> Voice:
        if track not in self._voices:
            raise unknown("track", track, self._voices)
        return self._voices[track]

    def _now(self) -> int:
        if not self._rolling:
            return self._frame
        return self._frame + int((self._clock() - self._since) * STEM_SAMPLE_RATE)

    def _break(self, frame: int, rolling: bool, timeline: Timeline) -> None:
        """The transport stops or jumps, and whatever swap waits takes over: one picture, for who speaks from
        the first of two would not hear of the second as a jump."""
        self._frame, self._since, self._rolling = frame, self._clock(), rolling
        self._timeline = timeline
        for voice in self._voices.values():
            voice.perform()
        self._breaks += 1
        self._tell()

    def _tell(self) -> None:
        if self._listen is None:
            return
        voices = {track: self._pictured(voice) for track, voice in self._voices.items()}
        self._listen(Playing(self._rolling, self._frame, self._since, self._timeline, voices, self._breaks))

    def _pictured(self, voice: Voice) -> PlayingVoice:
        swap = None if voice.frame is None else self._timeline.beat_at(voice.frame)
        return PlayingVoice(voice.loop, voice.next_loop, swap, voice.midi)

    def _update(self) -> None:
        """Perform the swaps whose frame has passed, and note what has been heard."""
        frame = self._now()
        self._timeline = self._timeline.since(frame)
        for voice in self._voices.values():
            if self._rolling:
                voice.hear()
            if voice.frame is not None and (voice.frame <= frame or not self._rolling):
                voice.perform()
                if self._rolling:
                    voice.hear()
