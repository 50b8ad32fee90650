"""Generations from request to `/rg/done`: the queue, the job at work, its results, cancel.

    submit -> queued -> (worker) generating -> made: heard at once -> (writer) written: ready -> Done

The control thread owns all of this; worker and writer only post to it. A take is part of the set from
the moment it sounds; the command is answered when it is safe on the disk.
"""

from __future__ import annotations

import secrets
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from engine import commands as c
from engine import events as e
from engine.context.conflicts import Conflict, strangers
from engine.core import Core
from engine.errors import EngineError
from engine.jobs import CancelToken, Job, Made, Request
from engine.making import derive_seed, make, take_in
from engine.models import Choice
from engine.music.past import Past
from engine.performing import INSTRUMENTS
from engine.prompt.music_context import Frame, MusicContext
from engine.report import Report, cancelled
from engine.session import take_events
from engine.sound import Sound, is_in_tempo
from engine.store import take_row
from engine.swapping import swap_to_current
from engine.track import Track
from engine.worker import Worker
from engine.writer import Task


@dataclass
class Course:
    """A request on its way: which tracks are not finished, and what went wrong with the others."""

    request: Request
    left: set[str]
    failures: dict[str, EngineError] = field(default_factory=dict)
    sounds: dict[str, Sound] = field(default_factory=dict)  # to take over together
    shown: dict[str, Made] = field(
        default_factory=dict
    )  # what sounds, or will, until the model's take is there
    previewed: set[str] = field(default_factory=set)
    made: set[str] = field(default_factory=set)
    tempo_before: float | None = None  # the set's, before the prompt was understood
    worker_done: bool = False
    started_at: float = 0.0


class Generation:
    def __init__(self, core: Core, worker: Worker) -> None:
        self.core = core
        self.worker = worker
        self.queue: deque[Request] = deque()
        self.running: Course | None = None
        self.courses: list[Course] = []  # running, and made but not yet written
        self.ready: dict[str, Sound] = {}  # with `manual`: what waits for /rg/launch
        self.last_generate_s = 0.0

    @property
    def busy(self) -> bool:
        return bool(self.queue or self.courses or self.core.writer.waiting)

    # --- asking -----------------------------------------------------------------------------------

    def submit(self, command: c.Command, origin: e.Origin) -> None:
        """Queue a generation; EngineError `locked` or `unknown` before it is accepted."""
        request = self._request(command, origin)
        self.queue.append(request)
        self.core.publish(e.Accepted(origin))
        for name in request.tracks:
            if self.core.session.tracks[name].state != "generating":
                self._set_state(name, "queued")
        self._keep_queue()
        self._start_next()

    def _request(self, command: c.Command, origin: e.Origin) -> Request:
        session = self.core.session
        kind = type(command).__name__.lower()
        prompt = getattr(command, "prompt", "") or getattr(command, "name", "")
        pattern = getattr(command, "track", "*")
        tracks = session.select(pattern)
        if len(tracks) == 1:
            tracks[0].check_unlocked()
        names = tuple(track.name for track in tracks if not track.locked)
        if not names:
            raise EngineError("locked", "every track is locked; unlock one first")
        return Request(origin, kind, names, prompt, CancelToken(names))

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
                if shown is not None and not self._forget(course, name, shown):
                    take = self.core.session.tracks[name].add(shown.stem, shown.says, shown.context)
                    self._write(course, name, take.number, last=False)

    def launch(self) -> None:
        """With `manual`: what is ready takes over at the next bar."""
        if not self.ready:
            raise EngineError("empty", "nothing waits to be launched")
        self.core.stage.swap(self.ready, "bar")
        self.ready = {}

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
            self._start(Request(request.origin, request.kind, tracks, request.prompt, request.cancel))

    def _start(self, request: Request) -> None:
        course = Course(request, set(request.tracks), started_at=time.monotonic())
        self.running = course
        self.courses.append(course)
        for name in request.tracks:
            self._set_state(name, "generating")
            self.core.publish(e.TrackProgress(name, 0.0))
        job = self._snapshot(request)
        work = partial(self._make, job, course)
        if request.kind == "import":
            others = self.core.session.standing(but=request.tracks)
            plays_bpm = job.frame.tempo_bpm if others or "tempo_bpm" in job.frame.pinned else None
            work = partial(self._import, job, course, plays_bpm)
        self.worker.submit(work, lambda error: self.core.post(lambda: self._worker_done(course, error)))

    def _snapshot(self, request: Request) -> Job:
        """The session as it stands now, frozen for the worker."""
        session = self.core.session
        alone = request.kind == "regenerate"
        stays = [t for t in session.standing(but=request.tracks) if t.locked or alone]
        asked = [session.tracks[name] for name in request.tracks]
        base, frame = wishes_behind(asked, session.context), session.frame
        if alone and len(asked) == 1:
            stem = asked[0].stem
            if stem and not base:  # what came in from outside brings its own length
                frame = Frame(frame.tempo_bpm, stem.key, stem.signature, stem.bars, frame.pinned)
            request = replace(request, prompt=request.prompt or asked[0].prompt)
        takes = {track.name: track.take for track in stays}
        return Job(
            request=request,
            frame=frame,
            base=base,
            heard={name: take.says for name, take in takes.items() if take},
            imposed=session.imposed(stays),
            digests=tuple(take.stem.digest for take in takes.values() if take),
            seeds={name: self._seed(session.tracks[name], alone) for name in request.tracks},
            params={name: dict(session.tracks[name].params) for name in request.tracks},
            past={name: past_of(session.tracks[name]) for name in request.tracks},
            fresh=frozenset(name for name in request.tracks if self._is_free(session.tracks[name], alone)),
            choices={name: self._choice(name, request.kind) for name in request.tracks},
            stems={track.name: track.stem for track in (*stays, *asked) if track.stem},
        )

    def _choice(self, name: str, kind: str) -> Choice:
        """Who performs the track; a quick look is the instruments' whatever the setting says."""
        render = INSTRUMENTS if kind == "preview" else self.core.render
        return self.core.models.choose(self.core.registry[name], render)

    def _is_free(self, track: Track, alone: bool) -> bool:
        """Whether the seed was left to us: a seed that somebody set must give the same music again."""
        return track.seed < 0 and (alone or self.core.session.seed < 0)

    def _seed(self, track: Track, alone: bool) -> int:
        """The track's own seed; or one from the set's, which differs for every regeneration; or chance."""
        if track.seed >= 0:
            return track.seed
        seed = self.core.session.seed
        if seed < 0:
            return secrets.randbelow(2**31)
        return derive_seed(seed, track.name, len(track.takes) if alone else 0)

    def _make(self, job: Job, course: Course) -> None:
        post = self.core.post
        report = Report(
            context=lambda context, found: post(lambda: self._understood(course, job, context, found)),
            progress=lambda track, done: post(lambda: self.core.publish(e.TrackProgress(track, done))),
            made=lambda made: post(lambda: self._made(course, made)),
            failed=lambda track, error: post(lambda: self._failed(course, track, error)),
            shown=lambda made: post(lambda: self._shown(course, made)),
            all_shown=lambda: post(lambda: self._take_over(course)),
            joined=lambda made: post(lambda: self._joined(course, made)),
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

    def _understood(
        self, course: Course, job: Job, context: MusicContext, conflicts: tuple[Conflict, ...]
    ) -> None:
        session = self.core.session
        if job.request.kind != "regenerate":
            session.context = context
        course.tempo_before, tempo_bpm = session.frame.tempo_bpm, context.tempo_bpm
        if session.frame.tempo_bpm != job.frame.tempo_bpm:  # set while the words were read: that is later
            tempo_bpm = session.frame.tempo_bpm
        # Pinned fields stay the musician's, unless the prompt named another value.
        session.frame = Frame(tempo_bpm, context.key, context.signature, context.bars, session.frame.pinned)
        self.core.publish_all(session.frame_events())
        self._tell(conflicts)

    def _tell(self, conflicts: tuple[Conflict, ...]) -> None:
        for found in conflicts:
            self.core.publish(e.ContextConflict(found.field, found.asked, found.kept, found.text))
            self.core.log("warning", found.text)

    def _shown(self, course: Course, made: Made) -> None:
        """The instruments' preview of a take that a model performs: it sounds, and is no take yet."""
        track = self.core.session.tracks[made.track]
        if course.request.cancel.is_set(made.track) or track.locked:
            return
        course.shown[made.track] = made
        course.previewed.add(made.track)
        self.core.publish(e.TrackPreview(made.track, made.preview))
        self._swap(course, made, at_once=track.current == 0 or self.core.session.when == "now")

    def _joined(self, course: Course, made: Made) -> None:
        """More bars are the model's: they take the preview's place while it plays."""
        shown = course.shown.pop(made.track, None)
        if shown is not None and self._replace(course, shown, made):
            course.shown[made.track] = made

    def _replace(self, course: Course, old: Made, new: Made) -> bool:
        """`new` where `old` plays or waits; False where the musician has brought something else there."""
        for waiting in (self.ready, course.sounds):
            if (sound := waiting.get(old.track)) and sound.stem is old.stem:
                waiting[old.track] = new.sound
                return True
        return bool(self.core.stage.replace({old.track: (old.sound, new.sound)}))

    def _forget(self, course: Course, name: str, made: Made) -> bool:
        """Let go what nobody has heard; False where the player has it."""
        for waiting in (self.ready, course.sounds):
            if (sound := waiting.get(name)) and sound.stem is made.stem:
                del waiting[name]
                return True
        return False

    def waiting(self) -> list[dict[str, Sound]]:
        """What will sound and has not been given to the player yet."""
        return [self.ready, *(course.sounds for course in self.courses)]

    def previewing(self) -> frozenset[str]:
        """Tracks of which a preview sounds, or waits, that is no take yet."""
        return frozenset(name for course in self.courses for name in course.shown)

    def step_aside(self, names: Iterable[str]) -> None:
        """Another take was chosen: what waits does not come after it, and a preview is not what sounds."""
        for name in names:
            self.ready.pop(name, None)
            for course in self.courses:
                course.sounds.pop(name, None)
                course.shown.pop(name, None)

    def _withdraw(self, course: Course, name: str) -> None:
        """What was playing before a preview goes on."""
        self._give_tempo_back(course)
        shown = course.shown.pop(name, None)
        if shown is None or self._forget(course, name, shown):
            return
        track, when = self.core.session.tracks[name], self.core.session.when
        when = "now" if not track.current else "bar" if when == "manual" else when
        swap_to_current(self.core, [name], when, lambda: None)

    def _give_tempo_back(self, course: Course) -> None:
        """Nothing comes of the prompt: what sounds on has the tempo that it had."""
        request, session = course.request, self.core.session
        lost = all(name in course.failures or request.cancel.is_set(name) for name in request.tracks)
        if not lost or course.made or course.tempo_before in (None, session.frame.tempo_bpm):
            return
        self.core.publish_all(session.set_tempo(course.tempo_before))
        course.tempo_before = None

    def _take_over(self, course: Course) -> None:
        if course.sounds:
            self.core.stage.swap(course.sounds, self.core.session.when)
            course.sounds = {}

    def _made(self, course: Course, made: Made) -> None:
        """A stem exists: it joins the set, sounds, and goes to the writer."""
        core, track = self.core, self.core.session.tracks[made.track]
        if course.request.cancel.is_set(made.track):
            self._failed(course, made.track, cancelled(made.track))
            return
        if course.request.kind == "import":
            self._imported(made)
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
            if shown is None or not self._replace(course, shown, made):
                self._swap(course, made, at_once=first or core.session.when == "now")
        self._write(course, track.name, take.number)

    def _imported(self, made: Made) -> None:
        """What came in plays at the set's tempo; alone, where nobody has set one, it brings its own."""
        session = self.core.session
        others = session.imposed(session.standing(but=(made.track,)))
        self._tell(strangers(made.track, made.says, others))
        if others is None and "tempo_bpm" not in session.frame.pinned:
            self.core.publish_all(session.set_tempo(made.stem.tempo_bpm))
        elif others is None and not is_in_tempo(made.stem, session.frame.tempo_bpm):
            came, plays = made.stem.tempo_bpm, session.frame.tempo_bpm
            self.core.log("info", f"{made.track} came in at {came:g} bpm and plays at the set's {plays:g}")

    def _swap(self, course: Course, made: Made, at_once: bool) -> None:
        """Takes of one generation take over together; the first ones sound as soon as they exist."""
        if at_once:
            self.core.stage.swap({made.track: made.sound}, "now")
        elif self.core.session.when == "manual":
            self.ready[made.track] = made.sound
        else:
            course.sounds[made.track] = made.sound

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

    def _worker_done(self, course: Course, error: EngineError | None) -> None:
        """The worker is free again; if it broke off, what is left of the job has failed."""
        self.running = None
        course.worker_done = True
        self.last_generate_s = time.monotonic() - course.started_at
        if error is not None:
            for name in sorted(course.left):
                self._failed(course, name, error)
        self._take_over(course)
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
        self.core.store.put_state(
            "unfinished", [{"kind": r.kind, "tracks": r.tracks, "prompt": r.prompt} for r in requests]
        )
        self.core.commit()


def wishes_behind(tracks: Sequence[Track], context: MusicContext | None) -> MusicContext | None:
    """What relative words change: the wishes that the takes that stand were made from.

    Where they were made from different ones, it is the set's, with what was asked of each track since.
    """
    made = {track.name: track.take.context for track in tracks if track.take and track.take.context}
    shared = next(iter(made.values()), context)
    if shared is None or all(each == shared for each in made.values()):
        return shared
    base = context or shared
    own = {name: each.intent(name) for name, each in made.items() if each.genre == base.genre}
    return replace(base, tracks={**base.tracks, **own})


def past_of(track: Track) -> Past:
    take = track.take
    return Past(
        take.says.score if take else None,
        take.context if take else None,
        tuple(each.says.score for each in track.takes),
    )
