"""A prompt read by all that is here: the rules, then words like known ones, then a language model.

    "a glacial techno night …"
      rules                 genre techno; "glacial" unknown
      similar words         read again as "a slightly cold techno night …"
      language model        what is still assumed: tempo, moods, a track's manner …   (long prompts alone)

What stands literally in the text is the rules' and is never overruled. The first sound never waits for the
language model: it is asked at once, the music is made from what the rules read, and the answer counts from
the next time the prompt is used (analyzed, generated again). With `waits` the music waits for it instead, at
most `timeout_s`. Prompts that change a take ("darker", "more like take 2") or one track are the rules' alone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from engine.music.genre import genre_named
from engine.prompt.embeddings import SimilarWords
from engine.prompt.interpret import LONGEST_CHARACTERS, analyze_fields, interpret
from engine.prompt.language_model import TRACKS, Answer, LanguageModel
from engine.prompt.music_context import Frame, MusicContext, TrackIntent
from engine.prompt.words import Word

BY_MODEL = "the language model"


@dataclass(frozen=True)
class Understanding:
    """The readers that this process has beside the rules."""

    words: SimilarWords | None = None
    model: LanguageModel | None = None

    def read(
        self,
        prompt: str,
        frame: Frame,
        base: MusicContext | None = None,
        track: str | None = None,
        wait: bool = False,
    ) -> MusicContext:
        """What `interpret` makes of the prompt, and more where the rules alone leave something open.

        `wait`: for the language model, at most its `timeout_s`. Never raises, whatever the text.
        """
        context = interpret(prompt, frame, base, track)
        if context is base:
            return context
        text, similar = prompt, self._similar(context.unknown)
        if similar:
            text = reworded(prompt, similar)
            context = interpret(text, frame, base, track)
        lines = tuple(f"{word} ~ {found.text}" for word, found in similar.items())
        context = replace(context, prompt=prompt, similar=lines, by_model=())
        if self.model is None or context.relative or track is not None or not self.model.wants(prompt):
            return context
        answer = self.model.answer(prompt, wait or self.model.waits)
        return refined(context, answer, text, frame) if answer else context

    def _similar(self, unknown: tuple[str, ...]) -> Mapping[str, Word]:
        return self.words.nearest(unknown) if self.words and unknown else {}


# --- similar words --------------------------------------------------------------------------------


def reworded(prompt: str, similar: Mapping[str, Word]) -> str:
    """The prompt with known words in place of those like them; a quality counts half ("slightly")."""
    text = unicodedata.normalize("NFKC", prompt[:LONGEST_CHARACTERS])
    for word, found in similar.items():
        known = f"slightly {found.text}" if found.kind == "quality" else found.text
        pattern = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", re.IGNORECASE)
        text = pattern.sub(lambda _, known=known: known, text)  # type: ignore[misc]
    return text


# --- the language model ---------------------------------------------------------------------------


def refined(context: MusicContext, answer: Answer, text: str, frame: Frame) -> MusicContext:
    """The context with the answer's fields where the rules only assumed, and nothing is pinned."""
    open_fields = context.assumed - frame.pinned
    named: tuple[str, ...] = ()
    genre = answer.fields.get("genre")
    if isinstance(genre, str) and "genre" in open_fields:
        # The genre fills in what nobody said, as if the prompt had begun with its name.
        read = interpret(f"{genre_named(genre).words[0]}. {text}", frame)
        if read.genre == genre:
            context = replace(read, prompt=context.prompt, similar=context.similar)
            named = ("genre",)
    changes = {
        name: value
        for name, value in answer.fields.items()
        if name in open_fields - {"genre"} or (name in ("moods", "profile") and not getattr(context, name))
    }
    tracks = _tracks(context.tracks, answer.tracks)
    told = [name for name in tracks if tracks[name] != context.intent(name)]
    return replace(
        context, **changes, tracks=tracks, by_model=(*named, *changes, *told),
        assumed=context.assumed - changes.keys(),
    )  # fmt: skip


def _tracks(
    said: Mapping[str, TrackIntent], answered: Mapping[str, Mapping[str, Any]]
) -> dict[str, TrackIntent]:
    """The answer's wishes for each track, where the text had none."""
    plain = TrackIntent()
    tracks = dict(said)
    for name, wishes in answered.items():
        intent = said.get(name, plain)
        new = {key: value for key, value in wishes.items() if getattr(intent, key) == getattr(plain, key)}
        if intent != plain:
            new.pop("silent", None)  # a track that the text speaks of plays
        tracks[name] = replace(intent, **new)
    if all(name in tracks and tracks[name].silent for name in TRACKS):
        return dict(said)  # a piece without a sound is nobody's wish
    return {name: intent for name, intent in tracks.items() if name in said or intent != plain}


# --- for people -----------------------------------------------------------------------------------


def understood_fields(context: MusicContext) -> list[tuple[str, str, bool]]:
    """`analyze_fields`, then which words were understood by a like one, and what the model read."""
    rows = analyze_fields(context)
    if context.similar:
        quoted = ('"{}" ~ {}'.format(*line.split(" ~ ", 1)) for line in context.similar)
        rows.append(("similar words", ", ".join(quoted), False))
    if context.by_model:
        rows.append((BY_MODEL, ", ".join(context.by_model), False))
    return rows


# --- this process's own ---------------------------------------------------------------------------

_current = Understanding()


def current() -> Understanding:
    """What `install` was given; the rules alone before that."""
    return _current


def install(understanding: Understanding) -> None:
    global _current
    _current = understanding
