"""Generations from request to `/rg/done`: the queue, the job at work, its results, cancel.

    submit -> queued -> (worker) generating -> made: heard at once -> (writer) written: ready -> Done

The control thread owns all of this; worker and writer only post to it. A take is part of the set from
the moment it sounds; the command is answered when it is safe on the disk.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Any

from engine import commands as c
from engine import events as e
from engine.core import Core
from engine.course import Course
from engine.course_frame import give_tempo_back, imported, understood
from engine.entrances import Entrances
from engine.errors import EngineError
from engine.jobs import Job, Made, Request
from engine.making import make, take_in
from engine.report import Report, cancelled
from engine.requests import check_bars, kept, request_of
from engine.snapshot import snapshot
from engine.store import take_row
from engine.track_events import take_events
from engine.worker import Worker
from engine.writer import Task


class Generation:
    def __init__(self, core: Core, worker: Worker) -> None:
        self.core = core
        self.worker = worker
        self.queue: deque[Request] = deque()
        self.running: Course | None = None
        self.courses: list[Course] = []  # running, and made but not yet written
        self.entrances = Entrances(core, self.courses)
        self.last_generate_s = 0.0

    @property
    def busy(self) -> bool:
        return bool(self.queue or self.courses or self.core.writer.waiting)

    # --- asking -----------------------------------------------------------------------------------

    def submit(self, command: c.Command, origin: e.Origin) -> None:
        """Queue a generation; EngineError of `request_of` before it is accepted."""
        request = request_of(self.core.session, command, origin, self._underway())
        self.queue.append(request)
        self.core.publish(e.Accepted(origin))
        for name in request.tracks:
            if self.core.session.tracks[name].state != "generating":
                self._set_state(name, "queued")
        self._keep_queue()
        self._start_next()

    def _underway(self) -> set[str]:
        """Tracks that something is being made for, or waits to be."""
        requests = [*(course.request for course in self.courses), *self.queue]
        return {name for request in requests for name in request.tracks}

    def cancel(self, pattern: str) -> None:
        """Give up what runs and waits; what was playing goes on."""
        names = {track.name for track in self.core.session.select(pattern)}
        for request in [request for request in self.queue if names & set(request.tracks)]:
            for name in names:
                request.cancel.cancel(name)
            if names >= set(request.tracks):
                self.queue.remove(request)
                self._settle_states(request.tracks)
                self._answer(request, cancelled(", ".join(request.tracks)))
        for course in self.courses:
            for name in names & course.left:
                course.request.cancel.cancel(name)
                self._withdraw(course, name)
        self._keep_queue()

    def hold(self, names: Iterable[str]) -> None:
        """Before a lock: the preview that sounds is what the musician wants to keep, so it becomes a take."""
        for course in self.courses:
            for name in names:
                shown = course.shown.pop(name, None)
                if shown is not None and not self.entrances.forget(course, shown):
                    take = self.core.session.tracks[name].add(shown.stem, shown.says, shown.context)
                    self._write(course, name, take.number, last=False)

    # --- working ----------------------------------------------------------------------------------

    def _start_next(self) -> None:
        while self.running is None and self.queue:
            request = self.queue.popleft()
            tracks = tuple(n for n in request.tracks if not self.core.session.tracks[n].locked)
            if not tracks:
                self._settle_states(request.tracks)
                self._answer(
                    request, EngineError("locked", f"{', '.join(request.tracks)} was locked meanwhile")
                )
                continue
            self._settle_states([name for name in request.tracks if name not in tracks])
            request = replace(request, tracks=tracks)
            try:
                check_bars(self.core.session, request)
            except EngineError as error:
                self._settle_states(tracks)
                self._answer(request, error)
                continue
            self._start(request)

    def _start(self, request: Request) -> None:
        course = Course(request, set(request.tracks), started_at=time.monotonic())
        self.running = course
        self.courses.append(course)
        for name in request.tracks:
            self._set_state(name, "generating")
            self.core.publish(e.TrackProgress(name, 0.0))
        job = snapshot(self.core, request)
        work = partial(self._make, job, course)
        if request.kind == "import":
            others = self.core.session.standing(but=request.tracks)
            is_set = bool(others or job.tempo_leader or "tempo_bpm" in job.frame.pinned)
            plays_bpm = job.frame.tempo_bpm if is_set else None
            work = partial(self._import, job, course, plays_bpm)
        self.worker.submit(work, lambda error: self.core.post(lambda: self._worker_done(course, error)))

    def _make(self, job: Job, course: Course) -> None:
        post, entrances = self.core.post, self.entrances
        report = Report(
            context=lambda context, found: post(lambda: understood(self.core, course, job, context, found)),
            progress=lambda track, done: post(lambda: self.core.publish(e.TrackProgress(track, done))),
            made=lambda made: post(lambda: self._made(course, made)),
            failed=lambda track, error: post(lambda: self._failed(course, track, error)),
            shown=lambda made: post(lambda: entrances.preview(course, made)),
            all_shown=lambda: post(lambda: entrances.take_over(course)),
            joined=lambda made: post(lambda: entrances.join(course, made)),
            warned=lambda text: post(lambda: self.core.log("warning", text)),
        )
        make(job, self.core.registry, self.core.outs, self.core.pool, report)

    def _import(self, job: Job, course: Course, plays_bpm: float | None) -> None:
        """`plays_bpm`: the tempo that it is to be played at; None: its own."""
        core = self.core
        for track in job.request.tracks:
            made = take_in(
                core.store.folder / "imports", job.request.prompt, track, job.frame, core.registry, core.outs
            )
            if plays_bpm is not None:
                sound = core.in_tempo(made.sound, plays_bpm)
                made = replace(made, loop=sound.loop, played=sound.played)
            core.post(partial(self._made, course, made))

    # --- results (control thread) -----------------------------------------------------------------

    def _made(self, course: Course, made: Made) -> None:
        """A stem exists: it joins the set, sounds, and goes to the writer."""
        core, track = self.core, self.core.session.tracks[made.track]
        if course.is_cancelled(made.track):
            self._failed(course, made.track, cancelled(made.track))
            return
        if course.request.kind == "import":
            imported(core, made)
        course.made.add(made.track)
        first, shown = track.current == 0, course.shown.pop(made.track, None)
        take = track.add(made.stem, made.says, made.context)
        core.publish(e.TrackProgress(made.track, 0.9))
        if track.locked:
            why = f"{track.name} was locked while this ran; the result is kept as take {take.number}"
            course.failures[track.name] = EngineError("locked", why)
            core.log("warning", why)
        else:
            if made.track not in course.previewed:
                core.publish(e.TrackPreview(made.track, made.preview))
            if shown is None or not self.entrances.replace(course, shown, made):
                self.entrances.enter(course, made, at_once=first)
        self._write(course, track.name, take.number)

    def _write(self, course: Course, name: str, number: int, last: bool = True) -> None:
        """`last`: the track has left the course once this is on the disk."""
        core = self.core
        store, take = core.store, core.session.tracks[name].takes[number - 1]

        def work() -> tuple[str, tuple[Any, ...]]:
            store.write_audio(take.stem)
            file = core.outs.publish(take.stem, number)
            return file, take_row(replace(take, file=file))

        def done(result: Any) -> None:
            core.post(lambda: self._written(course if last else None, name, number, *result))

        def failed(error: EngineError, final: bool) -> None:
            core.post(lambda: self._unwritten(course if last else None, name, error, final))

        core.writer.submit(Task(work, done, failed))

    def _written(
        self, course: Course | None, name: str, number: int, file: str, row: tuple[Any, ...]
    ) -> None:
        core, track = self.core, self.core.session.tracks[name]
        track.written(number, file)
        core.store.put_take(row)
        core.save()
        if course is not None:
            core.publish(e.TrackProgress(name, 1.0))
        core.publish_all(take_events(track))
        if course is not None:
            self._leave(course, name)
        core.publish_all(core.session.context_events())

    def _unwritten(self, course: Course | None, name: str, error: EngineError, final: bool) -> None:
        """The disk refuses: say so, play on; after some tries the command is answered, the tries go on."""
        self.core.log("error", f"{error.text}; {name} plays on, and writing is tried again")
        if final and course is not None:
            course.failures[name] = error
            self._leave(course, name)

    def _failed(self, course: Course, name: str, error: EngineError) -> None:
        course.failures[name] = error
        self._withdraw(course, name)
        if error.code != "cancelled":
            self.core.log("error", f"{name}: {error.text}")
        self._leave(course, name)

    def _withdraw(self, course: Course, name: str) -> None:
        give_tempo_back(self.core, course)
        self.entrances.withdraw(course, name)

    def _worker_done(self, course: Course, error: EngineError | None) -> None:
        """The worker is free again; if it broke off, what is left of the job has failed."""
        self.running = None
        course.worker_done = True
        self.last_generate_s = time.monotonic() - course.started_at
        if error is not None:
            for name in sorted(course.left):
                self._failed(course, name, error)
        self.entrances.take_over(course)
        self._finish(course)
        self._start_next()

    def _leave(self, course: Course, name: str) -> None:
        if name not in course.left:
            return  # written after all, long after the command was answered
        course.left.discard(name)
        error = course.failures.get(name)
        if error is not None and error.code not in ("cancelled", "locked", "disk"):
            self._set_state(name, "failed")
        else:
            self._settle_states([name])
        self._finish(course)

    def _finish(self, course: Course) -> None:
        if course.left or not course.worker_done or course not in self.courses:
            return
        self.courses.remove(course)
        self._keep_queue()
        errors = list(course.failures.values())
        hard = [error for error in errors if error.code not in ("cancelled", "locked")]
        if hard:
            self._answer(course.request, hard[0])
        elif errors and len(errors) == len(course.request.tracks):
            self._answer(course.request, errors[0])
        else:
            self._answer(course.request, None)

    # --- small things -----------------------------------------------------------------------------

    def _answer(self, request: Request, error: EngineError | None) -> None:
        """Done goes out only after the journal is on the disk."""
        if error is None:
            self.core.answer_when_safe(request.origin)
        else:
            self.core.publish(e.Failed(request.origin, error.code, error.text))

    def _set_state(self, name: str, state: str) -> None:
        self.core.session.tracks[name].state = state
        self.core.publish(e.TrackState(name, state))

    def _settle_states(self, names: list[str] | tuple[str, ...]) -> None:
        """Back to what each track is when nobody works on it."""
        for name in names:
            waiting = any(name in request.tracks for request in self.queue)
            working = self.running is not None and name in self.running.left
            track = self.core.session.tracks[name]
            resting = "ready" if track.current else "empty"
            self._set_state(name, "generating" if working else "queued" if waiting else resting)

    def _keep_queue(self) -> None:
        """Note what was asked and is not finished, for `serve --resume`."""
        requests = [*(course.request for course in self.courses), *self.queue]
        self.core.store.put_state("unfinished", [kept(request) for request in requests])
        self.core.commit()
