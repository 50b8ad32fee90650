r"""A new take of chosen bars only: what they may be, how they are written, and what of the take stays.

    standing take   |.......|.......|.......|.......|
    bar 2 chosen    |       |NNNNNNN|       |       |     composed anew, performed by whom the set says
    new take        |.......\NNNNNNN/.......|.......|     the other bars are the standing take's, bit for bit

The take's frame (tempo, key, signature, length) and its sound stay: only what is played in these bars is new.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from engine.context.track_context import TrackContext
from engine.errors import EngineError
from engine.jobs import Bars, Job
from engine.music.fresh import freshest
from engine.music.revise import ITSELF
from engine.music.score import Score
from engine.music.some_bars import in_bars, with_bars
from engine.performing import Given
from engine.prompt.music_context import Frame, MusicContext
from engine.registry import Composer
from engine.session import Session
from engine.sound import is_in_tempo
from engine.stem import Stem
from engine.track import Track

FRAME_FIELDS = ("tempo_bpm", "key", "signature", "bars")


# --- what may be asked ------------------------------------------------------------------------------


def check(track: Track, bars: Bars, frame: Frame) -> None:
    """EngineError `range`, `empty` or `not_available` where the take that stands has no such bars to renew.

    Bars are counted in the take's own length; a set whose next takes are longer changes nothing in that.
    """
    first, last = bars
    if first > last:
        raise EngineError("range", f"bars {first} to {last}: the first bar comes after the last one")
    stem = track.stem
    if stem is None:
        raise EngineError("empty", f"{track.name} has no take yet, so no bars of one; regenerate it first")
    if first < 1 or last > stem.bars:
        raise EngineError("range", f"{track.name} has bars 1 to {stem.bars}, not {told(bars)}")
    if not is_whole(stem, bars):
        _check_frame(track.name, stem, frame)


def _check_frame(name: str, stem: Stem, frame: Frame) -> None:
    """Bars of another kind than the standing ones could not be played among them."""
    if stem.score is None:
        raise EngineError(
            "not_available",
            f"{name} came in as audio, without a score: single bars can be made anew of takes that were made "
            "here and of MIDI files; regenerate all of it",
        )
    if not is_in_tempo(stem, frame.tempo_bpm):
        was, now = f"{stem.tempo_bpm:g} bpm", f"{frame.tempo_bpm:g} bpm"
        raise EngineError(
            "not_available",
            f"{name} is a take at {was} and plays at the set's {now}: set the tempo to {was} for single "
            "bars, or regenerate all of it",
        )
    if stem.signature != frame.signature:
        was, now = stem.signature.name, frame.signature.name
        raise EngineError(
            "not_available",
            f"{name} is in {was} and the set in {now}: set the signature to {was} for single bars, or "
            "regenerate all of it",
        )


def told(bars: Bars) -> str:
    first, last = bars
    return f"{first}" if first == last else f"{first} to {last}"


def is_whole(stem: Stem, bars: Bars) -> bool:
    return bars == (1, stem.bars)


def all_whole(session: Session, names: Sequence[str], bars: Bars) -> bool:
    """Whether each of these tracks is asked for all of its bars: then it is a new take like any other."""
    stems = [session.tracks[name].stem for name in names]
    return all(stem is not None and is_whole(stem, bars) for stem in stems)


# --- the frame ----------------------------------------------------------------------------------------


def frame_of(stems: Sequence[Stem]) -> Frame:
    """What the takes that stand impose; `pinned` names the fields in which they agree."""
    first = stems[0]
    agreed = (n for n in FRAME_FIELDS if all(getattr(stem, n) == getattr(first, n) for stem in stems))
    return Frame(first.tempo_bpm, first.key, first.signature, first.bars, frozenset(agreed))


# --- writing and performing ---------------------------------------------------------------------------


def chosen(job: Job, track: str) -> frozenset[int]:
    """The bars of a track that are to be new, from 0."""
    assert job.request.bars is not None
    first, last = job.request.bars
    return frozenset(range(first - 1, min(last, job.stems[track].bars)))


def written(
    job: Job, track: str, context: MusicContext, heard: Mapping[str, TrackContext], compose: Composer
) -> tuple[Score, int]:
    """The standing score with the chosen bars as they are written anew, and the seed of these.

    They are composed over the standing take's chords and form unless the others bring theirs. Where the seed
    is free they differ from the same bars of the last takes; words that change nothing in them bring a new
    idea.
    """
    standing, bars, seed = job.stems[track].score, chosen(job, track), job.seeds[track]
    assert standing is not None
    context = replace(context, **{name: getattr(standing, name) for name in FRAME_FIELDS})
    bare = TrackContext.from_score(replace(standing, notes=(), hits=()))
    heard, past = {**heard, ITSELF: bare}, job.past[track]

    def merged(wishes: MusicContext, seed: int) -> Score:
        return with_bars(standing, compose(track, wishes, heard, seed, job.params[track], past), bars)

    if context.relative:
        score = merged(context, seed)
        if score != standing:
            return score, seed
    anew = replace(context, relative=False)
    if track not in job.fresh:
        return merged(anew, seed), seed
    takes = (*past.takes, standing)
    return freshest(lambda own: merged(anew, own), seed, takes, lambda score: in_bars(score, bars))


def given(job: Job, track: str) -> Given | None:
    """The bars that stay as they sound; None where all of the take is made."""
    if job.request.bars is None:
        return None
    stem = job.stems[track]
    bars = frozenset(range(stem.bars)) - chosen(job, track)
    return Given(stem.audio, bars) if bars else None
