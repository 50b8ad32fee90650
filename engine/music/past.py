"""What a track has played before: what a relative prompt changes, and what a new take must differ from."""

from __future__ import annotations

from dataclasses import dataclass

from engine.music.score import Score
from engine.prompt.music_context import MusicContext


@dataclass(frozen=True)
class Past:
    """The takes of one track as scores, None for what came in as audio that no score was heard in.

    `current` is the take that stands and `context` the wishes it was made from.
    """

    current: Score | None = None
    context: MusicContext | None = None
    takes: tuple[Score | None, ...] = ()  # by take number, from 1

    def take(self, number: int) -> Score | None:
        return self.takes[number - 1] if 1 <= number <= len(self.takes) else None


NOTHING = Past()
