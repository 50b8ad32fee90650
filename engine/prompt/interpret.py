"""Words to a MusicContext. Never raises, whatever the text."""

from __future__ import annotations

import re

from engine.prompt.music_context import Frame, MusicContext

TEMPO = re.compile(r"(\d{2,3}) ?bpm")


def warm() -> None:
    """Load the word lists, so that the first prompt is as fast as the next."""


def interpret(
    prompt: str, frame: Frame, base: MusicContext | None = None, track: str | None = None
) -> MusicContext:
    """What `prompt` means in this frame."""
    if base is not None and not prompt.strip():
        return base
    said = TEMPO.search(prompt[:4000].lower())
    tempo_bpm = min(240.0, max(40.0, float(said.group(1)))) if said else frame.tempo_bpm
    assumed = frozenset({"genre", "key", "signature", "bars"} | (set() if said else {"tempo_bpm"}))
    return MusicContext(
        prompt, "house", tempo_bpm, frame.key, frame.signature, frame.bars, assumed=assumed
    )


def analyze_fields(context: MusicContext) -> list[tuple[str, str, bool]]:
    """(field, value as text, assumed) for the analysis output."""
    return [("tempo_bpm", f"{context.tempo_bpm:g}", "tempo_bpm" in context.assumed)]
