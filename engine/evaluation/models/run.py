"""A track model on held-out scores: performed, measured beside the codec's ceiling, summed up by the bar.

score, words, the other tracks --> model --> measured against the instruments' rendering
                               another song's tracks, none --> how much worse, and that it is worse
                               another sound's words       --> whether the spectrum goes along
the instruments' rendering     --> codec --> the ceiling: what no model of that codec can pass
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from engine.evaluation.codec.run import round_trip
from engine.evaluation.codec.spectra import mel_distance
from engine.evaluation.figures import Figure, Row, summary
from engine.evaluation.models.duck import duck_error_db
from engine.evaluation.models.goals import SCORES, clears, goals_of_role
from engine.evaluation.models.material import Audio, Piece, Song, check_measured, other_sound
from engine.evaluation.models.measures import as_loud, loudness_apart, measure
from engine.evaluation.models.style import likeness_of_moves
from engine.evaluation.signal import is_silent
from engine.performing import Part

if TYPE_CHECKING:
    from engine.model.codec.codec import Codec

Performer = Callable[[Part], Audio]  # [N, C=2], N == part.score.length_samples

JUDGED = 16  # songs that ViSQOL hears, which takes longer than all the rest of a song
CEILING = "ceiling."  # before a measure: of the codec's own round trip
ABOVE = CEILING + "mel"


@dataclass(frozen=True)
class Result:
    """All that was measured of one model of one role."""

    model: str
    role: str
    figures: tuple[Figure, ...]
    about: Mapping[str, str] = field(default_factory=dict)  # how it was trained

    @property
    def scores(self) -> int:
        return len({figure.case for figure in self.figures})

    @property
    def rows(self) -> tuple[Row, ...]:
        """A line for each measure, with its statistic over the scores."""
        return summary(self.figures, goals_of_role(self.role))

    @property
    def ceilings(self) -> dict[str, float]:
        """measure -> the same statistic of the codec's own round trip."""
        named = [goal_of(figure) for figure in self.figures if figure.measure.startswith(CEILING)]
        return {row.goal.measure: row.value for row in summary(named, goals_of_role(self.role))}

    @property
    def card(self) -> dict[str, float]:
        """What is written into the weights: measure -> value, the ceilings, and how many scores."""
        own = {row.goal.measure: round(row.value, 5) for row in self.rows}
        above = {CEILING + name: round(value, 5) for name, value in self.ceilings.items()}
        return {SCORES: self.scores, **own, **above}

    @property
    def cleared(self) -> tuple[bool, tuple[str, ...]]:
        """Whether the bar is cleared, else why not."""
        return clears(self.role, self.card)


def goal_of(figure: Figure) -> Figure:
    """A ceiling's figure under the name of its measure."""
    return replace(figure, measure=figure.measure.removeprefix(CEILING))


def evaluate_model(
    role: str,
    perform: Performer,
    codec: Codec | None,
    songs: Iterable[Song],
    quick: bool = False,
    told: Callable[[int], None] = lambda number: None,
    heard: Callable[[Piece, Audio], None] = lambda piece, performed: None,
    found_out: Callable[[list[Figure]], None] = lambda figures: None,
    name: str = "",
    seed: int = 0,
) -> Result:
    """Perform and measure the role's piece of every song; silent ones are passed over.

    Without `codec` there is no ceiling; `quick` leaves ViSQOL out, which hears the first `JUDGED`. `told`
    hears each song's number before it is performed, `heard` what came of it, `found_out` its figures.
    `seed`: of the performances.
    EngineError `unknown` role.
    """
    check_measured(role)
    figures: list[Figure] = []
    for song, other in with_next(songs):
        piece = song.pieces[role]
        if is_silent(piece.audio):
            continue
        told(song.number)
        part = Part(role, piece.score, piece.words, song.others(role), seed + song.number)
        performed = perform(part)
        heard(piece, performed)
        unjudged = quick or song.number >= JUDGED
        found = measure(piece, performed, unjudged)
        found |= _context(piece, performed, part, perform, other)
        found |= _style(piece, performed, part, perform, song.number)
        found |= _ceiling(piece, codec, unjudged)
        if ABOVE in found:
            found["mel.above"] = found["mel"] - found[ABOVE]
        mine = figures_of(found, f"{role}/{song.number}", {"model": name, "role": role})
        found_out(mine)
        figures += mine
    return Result(name, role, tuple(figures))


def figures_of(found: Mapping[str, float], case: str, detail: Mapping[str, str]) -> list[Figure]:
    """Those that have something to say."""
    return [Figure(what, value, case, "", detail) for what, value in found.items() if math.isfinite(value)]


def with_next(songs: Iterable[Song]) -> Iterator[tuple[Song, Song]]:
    """Each with the one after it, the last with the first: somebody else's tracks, always the same ones."""
    iterator = iter(songs)
    first = song = next(iterator, None)
    for following in iterator:
        assert song is not None
        yield song, following
        song = following
    if song is not None and first is not None and song is not first:
        yield song, first


def _context(piece: Piece, performed: Audio, part: Part, perform: Performer, other: Song) -> dict[str, float]:
    """What hearing another song, or nothing, does to it."""
    strange = fitted_context(other.others(piece.role), len(piece.audio))
    shuffled = _fitted(piece, perform(replace(part, context=strange)))
    own = _fitted(piece, performed)
    found = {"context.mel": mel_distance(piece.audio, shuffled) - mel_distance(piece.audio, own)}
    if piece.gain is None:
        return found
    without = _fitted(piece, perform(replace(part, context={})))
    error = duck_error_db(piece.audio, own, piece.gain)
    return found | {
        "context.shuffled": duck_error_db(piece.audio, shuffled, piece.gain) - error,
        "context.without": duck_error_db(piece.audio, without, piece.gain) - error,
    }


def fitted_context(context: Mapping[str, Audio], samples: int) -> dict[str, Audio]:
    """Loops of another length, played round until they are as long."""
    return {name: np.resize(audio, (samples, audio.shape[1])) for name, audio in context.items()}


def _style(piece: Piece, performed: Audio, part: Part, perform: Performer, number: int) -> dict[str, float]:
    """Another sound is asked for, with the same notes and the same tracks around."""
    other = other_sound(piece, number)
    given = perform(replace(part, score=other.score, words=other.words))
    likeness, follows = likeness_of_moves((piece.audio, other.audio), (performed, given))
    return {"style.likeness": likeness, "style.follows": follows}


def _ceiling(piece: Piece, codec: Codec | None, quick: bool) -> dict[str, float]:
    if codec is None:
        return {}
    found = measure(piece, round_trip(codec, piece.audio), quick)
    return {CEILING + name: value for name, value in found.items()}


def _fitted(piece: Piece, performed: Audio) -> Audio:
    return as_loud(performed, loudness_apart(piece.audio, performed))
