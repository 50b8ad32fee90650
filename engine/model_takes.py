"""Takes that a model performs: the instruments' preview sounds, and the model takes its place bar by bar.

    preview   |ppppppp|ppppppp|ppppppp|ppppppp|     made by the instruments, heard at once
    joined    |MMMMMMMMMMMMMM\\ppppppp|ppppppp|     the bars that are finished, faded over into the preview
    take      |MMMMMMM|MMMMMMM|MMMMMMM|MMMMMMM|     one take, the model's

A model that breaks off leaves the preview as the take. Bars that were not chosen to be new, or that a
relative prompt does not touch, come from the standing take, bit for bit.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future, wait
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from engine import new_bars
from engine.errors import EngineError
from engine.jobs import Job, Made
from engine.model.track.splicing import kept_share, spliced, stretches
from engine.music.score import Curve, Hit, Note, Score
from engine.outs import Outs
from engine.performing import Given, Part, Watch
from engine.prompt.music_context import MusicContext
from engine.registry import Registry
from engine.report import Report, cancelled
from engine.stem import Stem, audio_digest, quantise_24
from engine.units import STEM_SAMPLE_RATE

log = logging.getLogger(__name__)
PREVIEW_SHARE = 0.2  # of the progress, before the model begins
FADE_SAMPLES = STEM_SAMPLE_RATE // 100  # 10 ms: longer than a period of 100 Hz, shorter than an attack


def perform_shown(
    job: Job, rendered: Mapping[str, Made], registry: Registry, outs: Outs, pool: Executor, report: Report
) -> None:
    """Let the models perform what the instruments have shown; a model that fails leaves the preview."""
    performing: dict[str, Future[None]] = {}
    tracks = [track for track in rendered if job.choices[track].family is not None]
    for track in tracks:
        part = partial(_part, job, rendered, track, registry, len(tracks))
        performing[track] = pool.submit(_perform, job, rendered[track], part, outs, report)
    wait(performing.values())
    for track, future in performing.items():
        error = future.exception()
        if error is not None:
            if not isinstance(error, EngineError):
                log.error("the model of %s failed", track, exc_info=error)
            report.warned(f"{track}: the model broke off ({error}); the instruments' take stays")
            report.made(rendered[track])


def _heard(job: Job, rendered: Mapping[str, Made], track: str) -> dict[str, NDArray[np.float32]]:
    """The loops that a track hears: stems that stay, and the previews of what is made before it.

    Of those the previews, and not what their models make of them: so nobody waits for anybody, and the
    same seed gives the same samples.
    """
    order = list(rendered)
    earlier = order[: order.index(track)]
    stays = {name: job.stems[name].audio for name in job.heard if name in job.stems}
    return {**stays, **{name: rendered[name].stem.audio for name in earlier}}


def _part(job: Job, rendered: Mapping[str, Made], track: str, registry: Registry, together: int) -> Part:
    shown, choice = rendered[track], job.choices[track]
    score = shown.stem.score
    assert choice.family is not None and score is not None
    given = new_bars.given(job, track) or given_bars(job, track, score, shown.context, choice.performer)
    words = words_of(shown.context, track) if shown.context else ()
    heard = _heard(job, rendered, track)
    return Part(registry[track].model, score, words, heard, shown.stem.seed, given, together)


def _perform(job: Job, shown: Made, part_of: Callable[[], Part], outs: Outs, report: Report) -> None:
    """One track by its model, on a thread of the pool; what it raises is the model's failure."""
    track, cancel = shown.track, job.request.cancel
    family, part = job.choices[track].family, part_of()
    assert family is not None
    before = 0.1 + PREVIEW_SHARE

    def ready(audio: NDArray[np.float32]) -> None:
        if len(audio) and not cancel.is_set(track):
            begun = joined(finite(audio, family.name), shown.stem.audio)
            begun = with_given(begun, part.given, part.score)
            report.joined(_made(shown, begun, f"{family.name}, part", outs))

    watch = Watch(
        lambda done: report.progress(track, before + (0.9 - before) * done),
        lambda: cancel.is_set(track),
        ready,
    )
    try:
        audio = checked(family.perform(part, watch), part.score, family.name)
    except EngineError as error:
        if error.code != "cancelled" or not cancel.is_set(track):
            raise
        report.failed(track, cancelled(track))
        return
    report.made(_made(shown, with_given(audio, part.given, part.score), family.name, outs))


def _made(shown: Made, audio: NDArray[np.float32], render: str, outs: Outs) -> Made:
    exact = quantise_24(audio)
    stem = replace(shown.stem, audio=exact, render=render, digest=audio_digest(exact))
    return replace(shown, stem=stem, loop=outs.prepare(stem))


def checked(audio: NDArray[np.float32], score: Score, family: str) -> NDArray[np.float32]:
    """EngineError `internal` where a family gives something else than the score's loop in finite numbers."""
    wanted = (score.length_samples, 2)
    if audio.shape != wanted:
        raise EngineError("internal", f"{family} gave audio of shape {audio.shape}, not {wanted}")
    return finite(audio, family)


def finite(audio: NDArray[np.float32], family: str) -> NDArray[np.float32]:
    """EngineError `internal` for what is no number: a loudspeaker takes it for anything."""
    if not np.isfinite(audio).all():
        raise EngineError("internal", f"{family} gave numbers that are none")
    return audio


# --- joints ---------------------------------------------------------------------------------------


def joined(begun: NDArray[np.float32], rest: NDArray[np.float32]) -> NDArray[np.float32]:
    """`begun` [n, C] in the place of the first n samples of the loop `rest` [N, C], faded at both ends."""
    count = min(len(begun), len(rest))
    loop = np.array(rest, np.float32)
    loop[:count] = begun[:count]
    if count < len(rest):
        fade = min(FADE_SAMPLES, count // 2)
        ramp = np.linspace(0.0, 1.0, fade, endpoint=False, dtype=np.float32)[:, None]
        for part, weight in ((slice(0, fade), ramp), (slice(count - fade, count), 1.0 - ramp)):
            loop[part] = rest[part] + weight * (begun[part] - rest[part])
    return loop


def with_given(audio: NDArray[np.float32], given: Given | None, score: Score) -> NDArray[np.float32]:
    """The bars that stay, bit for bit, whatever the model made of them; faded over beside them.

    What a family that keeps them itself gives is left as it is.
    """
    if given is None:
        return audio
    share = kept_share(len(audio), stretches(given, score), FADE_SAMPLES)
    if np.array_equal(audio[share == 1.0], given.audio[share == 1.0]):
        return audio
    return spliced(audio, given.audio, share)


# --- bars that stay -------------------------------------------------------------------------------


def given_bars(
    job: Job, track: str, score: Score, context: MusicContext | None, performer: str
) -> Given | None:
    """The bars that a relative prompt leaves as they stand: same frame, same sound, same notes.

    None for a new idea, for a take that somebody else performed, and where all or no bars are the same.
    """
    standing = job.stems.get(track)
    if standing is None or standing.score is None or context is None or not context.relative:
        return None
    if standing.render != performer or not same_sound(standing, score):
        return None
    bars = frozenset(bar for bar in range(score.bars) if in_bar(standing.score, bar) == in_bar(score, bar))
    return Given(standing.audio, bars) if 0 < len(bars) < score.bars else None


def same_sound(standing: Stem, score: Score) -> bool:
    old = standing.score
    assert old is not None
    facts = ("tempo_bpm", "signature", "bars", "palette", "settings", "genre")
    return all(getattr(old, name) == getattr(score, name) for name in facts)


def in_bar(score: Score, bar: int) -> tuple[object, ...]:
    """What is written for a bar: the notes that sound in it, the hits that begin in it, and curves."""
    beats = score.signature.bar_beats
    start, end = bar * beats, (bar + 1) * beats

    def sounds(item: Note) -> bool:
        return item.start_beats < end and item.start_beats + item.length_beats > start

    def begins(item: Hit) -> bool:
        return start <= item.start_beats < end

    curves = tuple((curve.name, _points(curve, start, end)) for curve in score.curves)
    return tuple(filter(sounds, score.notes)), tuple(filter(begins, score.hits)), curves


def _points(curve: Curve, start: float, end: float) -> tuple[float, ...]:
    """The curve's values at a bar's ends and at its own points between."""
    beats, values = zip(*curve.points, strict=True)
    inside = [beat for beat in beats if start < beat < end]
    return tuple(np.interp([start, *inside, end], beats, values).round(6).tolist())


def words_of(context: MusicContext, track: str) -> tuple[str, ...]:
    """What was said of the music and of this track, in words, each once; and what nobody understood.

    Never the prompt word by word: "bright lead, no reverb on the drums" asks no bass to be bright or wet.
    """
    music = (context.genre, *context.genres, *context.moods)
    return tuple(dict.fromkeys((*music, *context.intent(track).words, *context.unknown)))
