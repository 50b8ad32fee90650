"""Where the music is at each frame of the transport: tempo changes and shifts, without a jump.

    beat
      |                     ___/   140 bpm
      |                ___/:
      |           ___/ :   :      between two marks a line is straight; a mark begins where the line
      |      ___/:     :   :      before it arrives, so that no beat is played twice or left out
      |  ___/    :     :   :
      +--+-------+-----+---+------> frame
         0       F1    F2  F3
              120 bpm, 2 % ahead from F1 to F2 (a slew)

Nothing is added up along the way: a beat is computed from the mark before it, a mark's beat once from
the mark before that. So a frame's beat is wrong by 1e-11 of a beat for each mark that ever was, and no
more. While there is one mark, at frame 0 and beat 0, the *law* of `bridge.grid` holds: loops lie at frame
modulo length. After it, loops lie where their beats do.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from bridge.grid import Grid, check_when, next_boundary
from engine.music.key import Signature
from engine.units import STEM_SAMPLE_RATE, samples_to_beats

SLEW_S = 0.1  # a shift takes at least this long,
SLEW_PACE = 0.02  # and moves no pitch by more than this share (34 cents)


@dataclass(frozen=True)
class Mark:
    """From `frame` on, `beat` there, quarters go by at `tempo_bpm` times `pace` (1 but during a slew)."""

    frame: int = 0
    beat: float = 0.0
    tempo_bpm: float = 120.0
    pace: float = 1.0

    def beats_per_frame(self, sample_rate: int) -> float:
        return samples_to_beats(1, self.tempo_bpm, sample_rate) * self.pace

    def beat_at(self, frame: float, sample_rate: int) -> float:
        # Product before quotient: at frame 0 and pace 1 this is the grid's own arithmetic, to the bit.
        return self.beat + samples_to_beats((frame - self.frame) * self.pace, self.tempo_bpm, sample_rate)

    def frame_at(self, beat: float, sample_rate: int) -> float:
        return self.frame + (beat - self.beat) / self.beats_per_frame(sample_rate)

    @property
    def is_law(self) -> bool:
        return self.frame == 0 and self.beat == 0.0 and self.pace == 1.0


@dataclass(frozen=True)
class Timeline:
    """The marks in order of their frames; the first holds for every frame before it as well."""

    marks: tuple[Mark, ...] = (Mark(),)
    signature: Signature = field(default_factory=Signature)
    sample_rate: int = STEM_SAMPLE_RATE

    @classmethod
    def of(cls, grid: Grid, sample_rate: int = STEM_SAMPLE_RATE) -> Timeline:
        """Beat 0 at frame 0, and one tempo."""
        return cls((Mark(tempo_bpm=grid.tempo_bpm),), grid.signature, sample_rate)

    # --- looking ----------------------------------------------------------------------------------

    def mark_at(self, frame: int) -> Mark:
        return next((mark for mark in reversed(self.marks) if mark.frame <= frame), self.marks[0])

    def beat_at(self, frame: int) -> float:
        """Quarter notes."""
        return self.mark_at(frame).beat_at(frame, self.sample_rate)

    def tempo_at(self, frame: int) -> float:
        """The music's tempo: a slew does not show in it."""
        return self.mark_at(frame).tempo_bpm

    def frame_at(self, beat: float) -> int:
        """The nearest whole frame, halves up, at or after the first mark's own line."""
        mark = next((mark for mark in reversed(self.marks) if mark.beat <= beat), self.marks[0])
        return math.floor(mark.frame_at(beat, self.sample_rate) + 0.5)

    def boundary(self, when: str, frame: int, loop: tuple[int, float] | None = None) -> int:
        """The first "beat", "bar" or "loop" at or after `frame`; `loop`: (samples at 44.1 kHz, beats).

        EngineError `unknown` for a `when` that is none. Without a loop, its next start is the next bar.
        """
        check_when(when)
        if when == "now":
            return frame
        grid = self.grid(frame)
        if self.mark_at(frame).is_law:
            at = next_boundary(when, frame, grid, self.sample_rate, loop[0] if loop else None)
            if self.mark_at(at).is_law:
                return at
        step = loop[1] if when == "loop" and loop else grid.step_beats("beat" if when == "beat" else "bar")
        index = math.floor(self.beat_at(frame) / step) - 1
        while self.frame_at(index * step) < frame:
            index += 1
        return self.frame_at(index * step)

    def grid(self, frame: int) -> Grid:
        return Grid(self.tempo_at(frame), self.signature)

    @property
    def is_law(self) -> bool:
        return len(self.marks) == 1 and self.marks[0].is_law

    # --- changing ---------------------------------------------------------------------------------

    def with_tempo(self, frame: int, tempo_bpm: float) -> Timeline:
        """From `frame` on the music goes on at another tempo, whatever was planned for later; shifts stay."""
        later = (mark for mark in self.marks if mark.frame > frame)
        turns = [(frame, tempo_bpm, self.mark_at(frame).pace)]
        turns += [(mark.frame, tempo_bpm, mark.pace) for mark in later]
        return self._turning(frame, turns)

    def with_slew(self, frame: int, frames: float) -> tuple[Timeline, int]:
        """The music `frames` of the transport further from `frame` on, bit by bit; and when that is done."""
        total = frames + self._owed(frame)
        length = max(math.ceil(SLEW_S * self.sample_rate), math.ceil(abs(total) / SLEW_PACE))
        end, pace = frame + length, 1.0 + total / length
        tempi = [(mark.frame, mark.tempo_bpm) for mark in self.marks if mark.frame > frame]
        starts = [(frame, self.tempo_at(frame)), (end, self.tempo_at(end)), *tempi]
        turns = [(at, tempo_bpm, pace if at < end else 1.0) for at, tempo_bpm in sorted(set(starts))]
        return self._turning(frame, turns), end

    def settled(self) -> Timeline:
        """Beat 0 at frame 0, in the tempo that was planned last: what holds after a locate."""
        return Timeline.of(Grid(self.marks[-1].tempo_bpm, self.signature), self.sample_rate)

    def at_rest(self, frame: int) -> Timeline:
        """After a stop at `frame`: a tempo that was planned for later begins there, for nothing waits for a
        frame that may never come; what is left of a slew is dropped."""
        last = self.marks[-1]
        if last.frame <= frame:
            return self.since(frame)
        return replace(self, marks=(Mark(frame, self.beat_at(frame), last.tempo_bpm),))

    def shifted(self, frames: float) -> Timeline:
        """All of the music `frames` of the transport earlier, at once: for a transport at rest."""
        first = self.marks[0]
        moved = first.beat + samples_to_beats(frames, first.tempo_bpm, self.sample_rate)
        turns = [(mark.frame, mark.tempo_bpm, mark.pace) for mark in self.marks]
        return replace(self, marks=tuple(self._drawn(moved, turns)))

    def since(self, frame: int) -> Timeline:
        """Without the marks that nothing from `frame` on needs."""
        here = self.mark_at(frame)
        return replace(self, marks=tuple(mark for mark in self.marks if mark.frame >= here.frame))

    def planned(self, frame: int) -> Mark | None:
        """The first change of tempo after `frame`."""
        pairs = zip(self.marks, self.marks[1:], strict=False)
        return next((b for a, b in pairs if b.frame > frame and a.tempo_bpm != b.tempo_bpm), None)

    def swap_frame(self, frame: int, beat: float) -> int:
        """Where a swap happens that waited for `beat`, at `frame` as far as was known: with that beat, unless
        it has brought a tempo with it, which stays where it was planned."""
        is_with_tempo = any(mark.frame == frame and mark.pace == 1.0 for mark in self.marks[1:])
        return frame if is_with_tempo else self.frame_at(beat)

    def _owed(self, frame: int) -> float:
        """What a slew that is under way at `frame`, or planned for later, has still to shift."""
        ends = [*(mark.frame for mark in self.marks[1:]), self.marks[-1].frame]
        spans = ((max(mark.frame, frame), end, mark.pace) for mark, end in zip(self.marks, ends, strict=True))
        return sum((end - start) * (pace - 1.0) for start, end, pace in spans if end > start)

    def _turning(self, frame: int, turns: list[tuple[int, float, float]]) -> Timeline:
        """What was before `frame`, then these turns (frame, tempo_bpm, pace), the first one at `frame`."""
        before = [mark for mark in self.marks if mark.frame < frame]
        marks = [*before, *self._drawn(self.beat_at(frame), turns)]
        kept = [marks[0]]
        for mark in marks[1:]:
            if (mark.tempo_bpm, mark.pace) != (kept[-1].tempo_bpm, kept[-1].pace):
                kept.append(mark)
        return replace(self, marks=tuple(kept))

    def _drawn(self, beat: float, turns: list[tuple[int, float, float]]) -> Iterator[Mark]:
        """The turns as marks, the first of them at `beat`, each of the others where its predecessor leads."""
        mark = None
        for frame, tempo_bpm, pace in turns:
            beat = mark.beat_at(frame, self.sample_rate) if mark else beat
            mark = Mark(frame, beat, tempo_bpm, pace)
            yield mark
