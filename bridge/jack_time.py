"""The timeline of one stay at a JACK server, as its callback has it. Control thread."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bridge.grid import Grid
from bridge.jack_follow import followed
from bridge.jack_orders import Moment
from bridge.player import MAX_FRAME, SAFETY_FRAMES, Loop, Transport
from bridge.timeline import Mark, Timeline
from engine.units import beats_to_samples

if TYPE_CHECKING:
    from bridge.jack_connection import JackConnection
    from bridge.jack_memory import Snapshot


class JackTime:
    """`may_follow`: whether another program's bar and beat lead the music, where there are any."""

    def __init__(self, connection: JackConnection, grid: Grid, may_follow: bool) -> None:
        self._connection, self._memory = connection, connection.memory
        self.grid, self._may_follow = grid, may_follow
        self.timeline = Timeline.of(grid, connection.sample_rate)
        self._cuts = 0  # of the callback, that the timeline knows of
        self.leads = False  # bar and beat on the server are ours

    # --- looking ----------------------------------------------------------------------------------

    def look(self) -> Snapshot:
        """What the callback reports; where it has made a mark of its own, the timeline goes on from that."""
        now = self._memory.snapshot()
        report = now.report
        if int(report["cuts"]) != self._cuts:
            self._cuts = int(report["cuts"])
            cut = Mark(int(report["cut_frame"]), float(report["cut_beat"]), float(report["cut_tempo_bpm"]))
            self.timeline = replace(self.timeline, marks=(cut,))
            if not self._follows and cut.tempo_bpm != self.grid.tempo_bpm:
                self.turn(now, self.grid, self.earliest(now))
        return now

    def earliest(self, now: Snapshot) -> int:
        """The first frame that the callback can still be told of in time."""
        return int(now.report["frame"]) + max(2 * int(now.report["block_size"]), SAFETY_FRAMES)

    def transport(self) -> Transport:
        report, rate = self.look().report, self._connection.sample_rate
        rolling, frame = bool(report["rolling"]), int(report["frame"])
        if rolling:
            frame = self._connection.frame_now(report)
        told = None if self.leads else followed(report, frame, rate)
        if told is not None and self._may_follow:
            return told
        beat, tempo_bpm = self.timeline.beat_at(frame), self.timeline.tempo_at(frame)
        return Transport(rolling, frame, rate, beat, tempo_bpm, self.timeline.signature, told is not None)

    def frame_to_locate(self, beat: float) -> int:
        """Where a locate goes for this beat to be there: the law of the tempo that was planned last holds
        then, or another program's, where that leads."""
        here = self.transport()
        is_led = here.following and self._may_follow
        tempo_bpm = here.tempo_bpm if is_led else self.timeline.marks[-1].tempo_bpm
        return beats_to_samples(beat, tempo_bpm, self._connection.sample_rate)

    def moment_for(self, now: Snapshot, loop: Loop) -> Moment:
        """When a loop takes the place of one that plays: at once, or with the change of tempo that is
        planned, where it was rendered for that."""
        frame = int(now.report["frame"])
        mark = self.timeline.planned(self.earliest(now))
        if mark is None or beats_to_samples(loop.length_beats, mark.tempo_bpm) != loop.length_samples:
            return Moment(frame)
        return Moment(mark.frame, mark.beat)

    # --- changing ---------------------------------------------------------------------------------

    def publish(self) -> None:
        """The timeline goes out, and with it the orders that were written."""
        self._memory.publish(self.timeline, self._cuts)

    def turn(self, now: Snapshot, grid: Grid, frame: int, has_music: bool = True) -> None:
        """From `frame` on the grid is this one, while the transport rolls. At rest the law holds again, and
        the transport goes where the music is; and where there is none. Where another program leads, its
        tempo stays."""
        self.grid = grid
        here, block = int(now.report["frame"]), int(now.report["block_size"])
        timeline = replace(self.timeline.since(here - 3 * block), signature=grid.signature)
        law, moved = Timeline.of(grid, timeline.sample_rate), None
        if self._follows or grid.tempo_bpm == timeline.marks[-1].tempo_bpm == timeline.tempo_at(frame):
            pass
        elif not now.report["rolling"]:
            timeline, moved = law, law.frame_at(timeline.beat_at(here))
        else:
            timeline = timeline.with_tempo(frame, grid.tempo_bpm) if has_music else law
        self.timeline = timeline
        self.publish()
        if moved is not None and self.leads:
            self._connection.locate(min(max(moved, 0), MAX_FRAME))

    def set_grid(self, grid: Grid, has_music: bool = True) -> None:
        now = self.look()
        frame = self.earliest(now)
        # A tempo that was handed over a moment ago, and has not been heard yet, gives way to this one.
        planned = self.timeline.planned(int(now.report["frame"]) + int(now.report["block_size"]))
        self.turn(now, grid, min(frame, planned.frame) if planned else frame, has_music)
        self.lead()

    def slew(self, frames: float) -> int:
        """See `Player.slew`."""
        now = self.look()
        end = int(now.report["frame"])
        if now.report["rolling"]:
            timeline = self.timeline.since(end - 3 * int(now.report["block_size"]))
            self.timeline, end = timeline.with_slew(self.earliest(now), frames)
        else:
            self.timeline = self.timeline.shifted(frames)
        self.publish()
        return end

    # --- who leads --------------------------------------------------------------------------------

    @property
    def _follows(self) -> bool:
        return self._may_follow and not self.leads

    def follow(self, on: bool) -> None:
        self._may_follow = on
        self.set_grid(self.grid)

    def lead(self) -> bool:
        """Take the lead of bar and beat if nobody has it; whether that has changed."""
        led, self.leads = self.leads, self._connection.lead()
        self._memory.header["follows"] = self._follows
        return led != self.leads
