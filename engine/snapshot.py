"""The session as it stands when a request's turn comes, frozen into a job for the worker."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace

from engine import new_bars
from engine.core import Core
from engine.jobs import Job, Request
from engine.making import derive_seed
from engine.models import Choice
from engine.music.past import Past
from engine.performing import INSTRUMENTS
from engine.prompt.chosen_bars import chosen_bars
from engine.prompt.music_context import Frame, MusicContext
from engine.session import Session
from engine.track import Track


def snapshot(core: Core, request: Request) -> Job:
    session = core.session
    alone = request.kind == "regenerate"
    stays = [t for t in session.standing(but=request.tracks) if t.locked or alone]
    asked = [session.tracks[name] for name in request.tracks]
    base, frame = wishes_behind(asked, session.context), session.frame
    if alone and len(asked) == 1:
        stem = asked[0].stem
        if stem and not base:  # what came in from outside brings its own length
            frame = Frame(frame.tempo_bpm, stem.key, stem.signature, stem.bars, frame.pinned)
        request = replace(request, prompt=request.prompt or _own_words(asked[0], request))
    if request.bars and new_bars.all_whole(session, request.tracks, request.bars):
        request = replace(request, bars=None)
    bound = imposed(core, stays)
    if request.bars:
        bound = new_bars.frame_of([track.stem for track in asked if track.stem])
    takes = {track.name: track.take for track in stays}
    return Job(
        request=request,
        frame=frame,
        base=base,
        heard={name: take.says for name, take in takes.items() if take},
        imposed=bound,
        digests=tuple(take.stem.digest for take in takes.values() if take),
        seeds={track.name: seed_of(session, track, alone) for track in asked},
        params={track.name: dict(track.params) for track in asked},
        past={track.name: past_of(track) for track in asked},
        fresh=frozenset(track.name for track in asked if is_free(session, track, alone)),
        choices={track.name: choice(core, track.name, request.kind) for track in asked},
        stems={track.name: track.stem for track in (*stays, *asked) if track.stem},
        tempo_leader=core.tempo_leader(),
    )


def _own_words(track: Track, request: Request) -> str:
    """The track's own prompt; "" where it was that which named the bars, and said nothing else."""
    return "" if request.bars and chosen_bars(track.prompt) else track.prompt


def imposed(core: Core, stays: Sequence[Track]) -> Frame | None:
    """What the tracks that stay impose, and where a clock leads that takes no tempo of ours, its tempo."""
    frame, session = core.session.imposed(stays), core.session
    if frame is not None or not core.tempo_leader():
        return frame
    return replace(session.frame, pinned=frozenset({"tempo_bpm"}))


def choice(core: Core, name: str, kind: str) -> Choice:
    """Who performs the track; a quick look is the instruments' whatever the setting says."""
    render = INSTRUMENTS if kind == "preview" else core.render
    return core.models.choose(core.registry[name], render)


def is_free(session: Session, track: Track, alone: bool) -> bool:
    """Whether the seed was left to us: a seed that somebody set must give the same music again."""
    return track.seed < 0 and (alone or session.seed < 0)


def seed_of(session: Session, track: Track, alone: bool) -> int:
    """The track's own seed; or one from the set's, which differs for every regeneration; or chance."""
    if track.seed >= 0:
        return track.seed
    if session.seed < 0:
        return secrets.randbelow(2**31)
    return derive_seed(session.seed, track.name, len(track.takes) if alone else 0)


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
