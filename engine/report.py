"""How the worker speaks to the control thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from engine.context.conflicts import Conflict
from engine.errors import EngineError
from engine.jobs import Made
from engine.prompt.music_context import MusicContext


@dataclass(frozen=True)
class Report:
    """How the worker speaks to the control thread; every call returns at once."""

    context: Callable[[MusicContext, tuple[Conflict, ...]], None]  # and the conflicts that were settled
    progress: Callable[[str, float], None]
    made: Callable[[Made], None]
    failed: Callable[[str, EngineError], None]
    shown: Callable[[Made], None]  # the instruments' preview of what a model is about to perform
    all_shown: Callable[[], None]
    joined: Callable[[Made], None]  # the preview with the bars that the model has finished
    warned: Callable[[str], None]


def cancelled(track: str) -> EngineError:
    return EngineError("cancelled", f"{track} was cancelled")
