"""Other takes of the history brought to sound: undo, redo, scenes, another set."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from engine.core import Core
from engine.errors import EngineError
from engine.sound import Sound
from engine.track import Take


def swap_to_current(core: Core, names: Iterable[str], when: str, done: Callable[[], None]) -> None:
    """Let the current takes of these tracks take over together, once they are prepared for the set's tempo.

    A track whose current take has changed again by then is left to the later call. `done` is called on
    the control thread, also where nothing had to be prepared.
    """
    wanted = {name: core.session.tracks[name].take for name in names}
    session, tempo_bpm = core.session, core.session.frame.tempo_bpm

    def prepare() -> None:
        sounds = {name: prepared(core, take, tempo_bpm) if take else None for name, take in wanted.items()}
        core.post(lambda: finish(sounds))

    def finish(sounds: dict[str, Sound | None]) -> None:
        if core.session is session:
            current = {
                name: sound
                for name, sound in sounds.items()
                if _same(session.tracks[name].take, wanted[name])
            }
            core.stage.swap(current, when)
        done()

    core.preparer.submit(prepare)


def prepared(core: Core, take: Take, tempo_bpm: float) -> Sound:
    """The take at a tempo; where it cannot be rendered for it, as it is: then it keeps the time alone."""
    as_it_is = Sound(take.stem, take.stem, None, take.says.score)
    try:
        return core.in_tempo(as_it_is, tempo_bpm)
    except EngineError as error:
        told = f"{take.stem.track} at {tempo_bpm:g} bpm: {error.text}"
        core.post(lambda: core.log("error", told))
        return replace(as_it_is, loop=core.outs.prepare(take.stem, take.says.score))


def _same(a: Take | None, b: Take | None) -> bool:
    return (a.stem.digest if a else "") == (b.stem.digest if b else "")
