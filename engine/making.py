"""From words to stems: what the worker does with a job, start to end.

prompt -> MusicContext -> compose drums -> bass -> harmony -> melody     (each hears the ones before)
                              \\-> perform   \\-> perform   …               (in parallel, off the GIL)
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from concurrent.futures import Executor, Future, wait
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine import new_bars
from engine.context.analysis import import_loop
from engine.context.conflicts import Conflict, overruled
from engine.context.track_context import TrackContext
from engine.errors import EngineError
from engine.jobs import Job, Made
from engine.model_takes import PREVIEW_SHARE, perform_shown, with_given
from engine.music.fresh import freshest
from engine.music.past import NOTHING, Past
from engine.music.score import Score
from engine.names import resolve_inside
from engine.outs import Outs
from engine.prompt.interpret import interpret
from engine.prompt.music_context import Frame, MusicContext
from engine.prompt.understanding import current
from engine.registry import Registry
from engine.report import Report, cancelled
from engine.session import check_length
from engine.stem import Stem, audio_digest, quantise_24

log = logging.getLogger(__name__)


def make(job: Job, registry: Registry, outs: Outs, pool: Executor, report: Report) -> None:
    """Make every track of the job, reporting each as it is ready; EngineError if none can be made."""
    job = _based(job)
    context, conflicts = understand(job)
    check_length(Frame(context.tempo_bpm, context.key, context.signature, context.bars))
    check_likeness(job, context)
    report.context(context, conflicts)
    heard = {name: _without_idle_harmony(says) for name, says in job.heard.items()}
    performing: dict[str, Future[Made | None]] = {}
    try:
        for track in job.request.tracks:
            if job.request.cancel.is_set(track):
                report.failed(track, cancelled(track))
                continue
            score, seed = _written(job, track, context, heard, registry)
            heard[track] = TrackContext.from_score(score)
            wishes = context if job.request.bars is None else job.past[track].context
            performing[track] = pool.submit(_perform, job, track, score, seed, wishes, registry, outs, report)
    finally:
        rendered = _await(performing, report)
    if any(job.choices[track].family for track in rendered):
        report.all_shown()
        perform_shown(job, rendered, registry, outs, pool, report)


def _await(performing: Mapping[str, Future[Made | None]], report: Report) -> dict[str, Made]:
    """What the instruments made, once no track is at work any more; a performer that broke off leaves the
    other tracks alone."""
    wait(performing.values())
    rendered = {}
    for track, future in performing.items():
        error = future.exception()
        if error is not None:
            log.error("performing %s failed", track, exc_info=error)
            report.failed(track, EngineError("internal", f"{type(error).__name__}: {error}"))
        elif (made := future.result()) is not None:
            rendered[track] = made
    return rendered


def _based(job: Job) -> Job:
    """What came in from outside was made from no wishes; relative words change it from plain ones."""
    if not any(past.takes for past in job.past.values()):
        return job
    current = next((past.current for past in job.past.values() if past.current), job.frame)
    own = Frame(current.tempo_bpm, current.key, current.signature, current.bars)
    base = job.base or interpret("", own)
    past = {name: replace(past, context=past.context or base) for name, past in job.past.items()}
    return replace(job, base=base, past=past)


def _written(
    job: Job, track: str, context: MusicContext, heard: Mapping[str, TrackContext], registry: Registry
) -> tuple[Score, int]:
    """The score of a track and the seed it was written from.

    Where the seed is free, an idea too like the last takes gives way to another one; a prompt that changes
    the standing take may stay as near to it as it likes.
    """
    if job.request.bars is not None:
        return new_bars.written(job, track, context, heard, registry[track].compose)
    past = job.past.get(track, NOTHING)

    def compose(seed: int) -> Score:
        return registry[track].compose(track, context, heard, seed, job.params[track], past)

    if track not in job.fresh or context.relative:
        return compose(job.seeds[track]), job.seeds[track]
    return freshest(compose, job.seeds[track], past.takes)


def understand(job: Job) -> tuple[MusicContext, tuple[Conflict, ...]]:
    """What the prompt means in the frame of what stays; and where that overruled the prompt."""
    request = job.request
    track = request.tracks[0] if request.kind == "regenerate" and len(request.tracks) == 1 else None
    context = current().read(request.prompt, job.frame, job.base, track)
    if not request.prompt.strip():
        context = replace(context, relative=False)  # no words: the same wishes, and a new idea
    if job.imposed is None:
        return context, ()
    named = job.imposed.pinned
    settled = replace(context, **{name: getattr(job.imposed, name) for name in named})
    return settled, overruled(context, settled, job.tempo_leader)


def check_likeness(job: Job, context: MusicContext) -> None:
    """EngineError `range` where "more like take 7" names a take that no track that is asked has."""
    asked = {track: context.intent(track).like_take for track in job.request.tracks}
    asked = {track: number for track, number in asked.items() if number}
    pasts = {track: job.past.get(track, NOTHING) for track in asked}
    if not asked or any(pasts[track].take(number) for track, number in asked.items()):
        return
    has = "; ".join(f"{track} has {_takes_told(past)}" for track, past in pasts.items())
    raise EngineError("range", f"there is no take {max(asked.values())} to be like: {has}")


def _takes_told(past: Past) -> str:
    numbers = [str(number) for number, score in enumerate(past.takes, 1) if score is not None]
    return f"take{'s' if len(numbers) > 1 else ''} {', '.join(numbers)}" if numbers else "no take with notes"


def _without_idle_harmony(says: TrackContext) -> TrackContext:
    """Drums that stay bind nobody to the chords they were once made with."""
    return replace(says, chords=()) if says.track == "drums" else says


def _perform(
    job: Job, track: str, score: Score, seed: int, context: MusicContext | None, registry: Registry,
    outs: Outs, report: Report,
) -> Made | None:  # fmt: skip
    """One track from score to stem, on a thread of the pool: the take, or a model's preview."""
    kind, choice = registry[track], job.choices[track]
    cancel = job.request.cancel
    share = PREVIEW_SHARE if choice.family else 0.8
    try:
        if choice.missing:
            raise EngineError(
                "not_available", f"render = model, but {choice.why}; choose auto or instruments"
            )
        report.progress(track, 0.1)
        audio = kind.perform(
            score, lambda done: report.progress(track, 0.1 + share * done), lambda: cancel.is_set(track)
        )
        audio = with_given(audio, new_bars.given(job, track), score)
        stem = stem_from(score, quantise_24(audio), seed, job.request.prompt, job.digests)
        # A composer may write for another role (percussion as drums): the stem is this track's all the same.
        stem = replace(stem, track=track, render=kind.perform_name)
        says = replace(TrackContext.from_score(score), track=track)
        made = _finish(stem, says, context, outs)
    except EngineError as error:
        report.failed(track, error)
        return None
    (report.shown if choice.family else report.made)(made)
    return made


def _finish(stem: Stem, says: TrackContext, context: MusicContext | None, outs: Outs) -> Made:
    loop = outs.prepare(stem, says.score)
    return Made(stem.track, stem, says, context, loop, outs.preview(stem))


def stem_from(
    score: Score, audio: NDArray[np.float32], seed: int, prompt: str, heard: tuple[str, ...]
) -> Stem:
    """The stem of a score. audio: [N, C=2] on the 24-bit grid."""
    assert audio.shape == (score.length_samples, 2), (audio.shape, score.length_samples)
    return Stem(
        track=score.track, audio=audio, tempo_bpm=score.tempo_bpm, key=score.key,
        signature=score.signature, bars=score.bars, seed=seed, prompt=prompt, score=score,
        render="instruments", digest=audio_digest(audio), heard=heard,
    )  # fmt: skip


# --- imports --------------------------------------------------------------------------------------

MIDI_ENDINGS = (".mid", ".midi", ".smf")


def take_in(folder: Path, name: str, track: str, frame: Frame, registry: Registry, outs: Outs) -> Made:
    """A file of the set's `imports/` as a take; EngineError `file` or `not_found`."""
    path = resolve_inside(folder, name)
    if path.suffix.lower() in MIDI_ENDINGS:
        from engine.audio.midi_file import midi_to_score

        score = midi_to_score(path, track, frame)
        audio = quantise_24(registry[track].perform(score, lambda _: None, lambda: False))
        stem = stem_from(score, audio, -1, f"import {name}", ())
        return _finish(replace(stem, render="import"), TrackContext.from_score(score), None, outs)
    audio, says = import_loop(path, track, frame)
    audio = quantise_24(audio)
    stem = Stem(
        track=track, audio=audio, tempo_bpm=says.tempo_bpm, key=says.key or frame.key,
        signature=says.signature, bars=says.bars, seed=-1, prompt=f"import {name}", score=None,
        render="import", digest=audio_digest(audio),
    )  # fmt: skip
    return _finish(stem, says, None, outs)


# --- seeds ----------------------------------------------------------------------------------------


def derive_seed(seed: int, track: str, variation: int) -> int:
    """A track's own seed from the set's: stable across runs and machines (SHA-256, 31 bits)."""
    digest = hashlib.sha256(f"{seed}/{track}/{variation}".encode()).digest()
    return int.from_bytes(digest[:4], "big") & 0x7FFFFFFF
