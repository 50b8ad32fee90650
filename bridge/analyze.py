"""`resonantgen analyze`: what a prompt means, as a table or as JSON."""

from __future__ import annotations

import json
from typing import Any

from bridge.understanding import understanding_of
from engine.config import PromptConfig
from engine.prompt.describe import instruments
from engine.prompt.music_context import Frame, MusicContext
from engine.prompt.understanding import understood_fields

LOADING_S = 20.0  # for the word vectors, of which the first start of all has to make some hundreds


def as_data(context: MusicContext) -> dict[str, Any]:
    """The context as plain data, with the key's name and the instruments, those of the genre too."""
    played = {
        name: {"palette": palette, "assumed": assumed}
        for name, (palette, assumed) in instruments(context).items()
    }
    return json.loads(context.to_json()) | {"key": context.key.name, "instruments": played}


def analyze(prompt: str, as_json: bool, config: PromptConfig | None = None) -> int:
    """Print what the prompt means. Nothing sounds, so this waits for every reader there is."""
    reader = understanding_of(config or PromptConfig())
    context = reader.read(prompt, Frame(), wait=True)
    if reader.words is not None and context.unknown and reader.words.wait(LOADING_S):
        context = reader.read(prompt, Frame(), wait=True)
    if as_json:
        print(json.dumps(as_data(context), ensure_ascii=False))
        return 0
    from rich.console import Console
    from rich.table import Table

    table = Table("field", "value", "")
    for field, value, assumed in understood_fields(context):
        table.add_row(field, value, "[dim]assumed[/]" if assumed else "said")
    Console().print(table)
    return 0
