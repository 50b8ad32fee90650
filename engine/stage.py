"""What the player was given last, track by track, and the tempo that all of it plays at: the set's.

The control thread's. Whoever brings something to sound does it here, so that everything that sounds or waits
is known when the tempo changes (`engine.following`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from engine.sound import Sound
from engine.stem import Stem

if TYPE_CHECKING:
    from engine.core import Core


class Stage:
    """`changed` is called after each change."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.latest: dict[str, Sound | None] = {}
        self.tempo_bpm = core.session.frame.tempo_bpm  # as the player was told it last
        self.changed: Callable[[], None] = lambda: None

    def swap(self, sounds: Mapping[str, Sound | None], when: str) -> None:
        """These take over together at the boundary `when` says, and with them the set's tempo and meter."""
        frame = self.core.session.sounding()
        loops = {name: sound.loop if sound else None for name, sound in sounds.items()}
        self.core.outs.swap(loops, when, frame.tempo_bpm, frame.signature)
        self.latest |= sounds
        self.tempo_bpm = frame.tempo_bpm
        self.changed()

    def replace(self, sounds: Mapping[str, tuple[Sound, Sound]]) -> list[str]:
        """Track by track (old, new): where the latest is the same take as `old`, at whatever tempo, `new`
        takes its place. Returns those tracks; on the others something else has come."""
        standing = {name: pair for name, pair in sounds.items() if self.is_latest(name, pair[0])}
        before = {name: self.latest[name] for name in standing}
        loops = {name: (old.loop, standing[name][1].loop) for name, old in before.items() if old}
        done = self.core.outs.replace(loops)
        self.latest |= {name: standing[name][1] for name in done}
        if done:
            self.changed()
        return done

    def is_latest(self, name: str, sound: Sound) -> bool:
        """Whether it, or the same take at another tempo, was given last."""
        latest = self.latest.get(name)
        return latest is not None and latest.stem is sound.stem

    def played(self, stem: Stem, tempo_bpm: float) -> tuple[Stem, bool]:
        """What is heard of a take at a tempo, and True; the take itself where nothing is heard of it yet."""
        for sound in self.latest.values():
            if sound is not None and sound.stem is stem and sound.keeps(tempo_bpm):
                return sound.played, True
        return stem, False

    def set_grid(self) -> None:
        """The set's tempo and meter hold from now on."""
        frame = self.core.session.sounding()
        self.core.outs.set_grid(frame.tempo_bpm, frame.signature)
        self.tempo_bpm = frame.tempo_bpm
        self.changed()
