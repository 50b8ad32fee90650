"""Other takes of the history brought to sound: undo, redo, scenes, another set."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from engine.core import Core
from engine.stem import Stem


def swap_to_current(core: Core, names: Iterable[str], when: str, done: Callable[[], None]) -> None:
    """Let the current takes of these tracks take over together, once the pool has prepared them.

    A track whose current take has changed again by then is left to the later call. `done` is called on
    the control thread, also where nothing had to be prepared.
    """
    takes = {name: core.session.tracks[name].take for name in names}
    wanted = {name: take.stem if take else None for name, take in takes.items()}
    session = core.session

    def prepare() -> None:
        loops = {
            name: core.outs.prepare(take.stem, take.says.score) if take else None
            for name, take in takes.items()
        }
        core.post(lambda: finish(loops))

    def finish(loops: dict[str, object | None]) -> None:
        if core.session is session:
            current = {
                name: loop for name, loop in loops.items() if _same(session.tracks[name].stem, wanted[name])
            }
            frame = session.sounding()
            core.outs.set_grid(frame.tempo_bpm, frame.signature)
            core.outs.swap(current, when)
        done()

    core.preparer.submit(prepare)


def _same(a: Stem | None, b: Stem | None) -> bool:
    return (a.digest if a else "") == (b.digest if b else "")
