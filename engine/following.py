"""When the tempo changes, playing follows.

    SetTempo      the player reads every loop faster or slower from that moment on: in time, not in tune
    0.25 s later  the tempo has been left alone: everything that sounds or waits is rendered for it
    rendered      all of it takes the place of what was read faster, at one frame, at the same place of the
                  loop; the takes and their files stay what they are
    when idle     what a model had performed and was stretched, the model performs again

A change that moves the pitch by less than a musician hears is left to the reading. Back at a take's own
tempo its own samples play again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, MutableMapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field, replace

from engine.core import Core
from engine.errors import EngineError
from engine.retempo import FAR
from engine.settling import Settler
from engine.sound import Sound, is_in_tempo
from engine.track import Take

log = logging.getLogger(__name__)
SETTLE_S = 0.25
# 5 cents: the least difference of pitch that is heard at all (and only of tones one after the other).
UNHEARD = 2.0 ** (5.0 / 1200.0) - 1.0

Waiting = Callable[[], Iterable[MutableMapping[str, Sound]]]


@dataclass(frozen=True)
class Wanted:
    """A sound of a track that is to be rendered for a tempo."""

    track: str
    sound: Sound
    tempo_bpm: float

    @property
    def key(self) -> tuple[str, float]:
        return self.sound.stem.digest, self.tempo_bpm


@dataclass(eq=False)
class Batch:
    """What is being rendered, to take over together; it was begun while the stage had this tempo."""

    tempo_bpm: float
    wanted: list[Wanted]
    rendered: list[Future[Sound]] = field(default_factory=list)
    cancelled: threading.Event = field(default_factory=threading.Event)


class Follower:
    """Control thread; renderings on `renderers`. `waiting`: what will sound and is not on the stage yet, by
    track. `is_busy`: whether something new is being made."""

    def __init__(
        self, core: Core, renderers: Executor, waiting: Waiting, is_busy: Callable[[], bool]
    ) -> None:
        self.core, self._renderers, self._waiting, self._is_busy = core, renderers, waiting, is_busy
        self._batch: Batch | None = None
        self._performing: Batch | None = None
        self._failed: set[tuple[str, float]] = set()
        self._settler = Settler(SETTLE_S, lambda: core.post(self._begin))
        core.stage.changed = self.look

    def close(self) -> None:
        self._settler.close()
        self._cancel()

    def _cancel(self) -> None:
        for batch in (self._batch, self._performing):
            if batch is not None:
                batch.cancelled.set()
        self._batch = self._performing = None

    # --- what is off its tempo --------------------------------------------------------------------

    def look(self) -> None:
        """Something sounds that was not, or the tempo has changed. What could not be rendered for another
        tempo is tried again when that comes back."""
        tempi_bpm = (self.core.stage.tempo_bpm, self.core.session.frame.tempo_bpm)
        self._failed = {key for key in self._failed if key[1] in tempi_bpm}
        if self._off():
            self._settler.ask()

    def _off(self) -> list[Wanted]:
        """What sounds at another tempo than the player has, or waits at another than the set has."""
        stage, set_bpm = self.core.stage, self.core.session.frame.tempo_bpm
        live = [Wanted(name, sound, stage.tempo_bpm) for name, sound in stage.latest.items() if sound]
        live += [Wanted(name, sound, set_bpm) for sounds in self._waiting() for name, sound in sounds.items()]
        return [wanted for wanted in live if self._is_off(wanted)]

    def _is_off(self, wanted: Wanted) -> bool:
        sound, tempo_bpm = wanted.sound, wanted.tempo_bpm
        if sound.keeps(tempo_bpm) or wanted.key in self._failed:
            return False
        ratio = tempo_bpm / sound.played.tempo_bpm
        return max(ratio, 1.0 / ratio) - 1.0 > UNHEARD or is_in_tempo(sound.stem, tempo_bpm)

    # --- rendering --------------------------------------------------------------------------------

    def _begin(self) -> None:
        """The tempo has settled: render what is off it, all of it together."""
        wanted, tempo_bpm = self._off(), self.core.stage.tempo_bpm
        if not wanted or (self._batch is not None and self._batch.tempo_bpm == tempo_bpm):
            return
        self._cancel()
        batch = self._batch = Batch(tempo_bpm, wanted)
        self._tell(wanted)
        batch.rendered = [self._renderers.submit(self._rendered, batch, each) for each in wanted]
        for future in batch.rendered:
            future.add_done_callback(lambda _: self.core.post(lambda: self._end(batch)))

    def _rendered(self, batch: Batch, wanted: Wanted) -> Sound:
        """On a thread of the renderers."""
        return self.core.in_tempo(wanted.sound, wanted.tempo_bpm, batch.cancelled.is_set)

    def _tell(self, wanted: Iterable[Wanted]) -> None:
        for each in wanted:
            stem, ratio = each.sound.stem, each.tempo_bpm / each.sound.stem.tempo_bpm
            if max(ratio, 1.0 / ratio) > FAR and self.core.renderer.is_stretched(stem):
                told = f"{each.track} is stretched from {stem.tempo_bpm:g} to {each.tempo_bpm:g} bpm"
                self.core.log("warning", f"{told}: beyond {FAR:g} times it is heard to be")

    def _end(self, batch: Batch) -> None:
        """All of it is rendered: it takes over, unless the tempo has moved on."""
        if batch is not self._batch or not all(future.done() for future in batch.rendered):
            return
        if any(future.cancelled() for future in batch.rendered):  # the engine is closing
            return
        self._batch = None
        replaced = {}
        for wanted, future in zip(batch.wanted, batch.rendered, strict=True):
            if (new := self._result(wanted, future)) is not None:
                self._replace_waiting(wanted, new)
                # A track may have two: what waits for its launch is not what sounds.
                if self.core.stage.is_latest(wanted.track, wanted.sound):
                    replaced[wanted.track] = (wanted.sound, new)
        self.core.stage.replace(replaced)
        self.look()
        self.perform_next()

    def _replace_waiting(self, wanted: Wanted, new: Sound) -> None:
        for sounds in self._waiting():
            if wanted.track in sounds and sounds[wanted.track].stem is wanted.sound.stem:
                sounds[wanted.track] = new

    def _result(self, wanted: Wanted, future: Future[Sound]) -> Sound | None:
        """What was rendered; None, and a line for the user, where it could not be: it is read on faster."""
        error = future.exception()
        if error is None:
            return future.result()
        told = f"{wanted.track} at {wanted.tempo_bpm:g} bpm"
        if not isinstance(error, EngineError):
            log.error("%s could not be rendered", told, exc_info=error)
        self._failed.add(wanted.key)
        self.core.log("error", f"{told}: {error}; it keeps the time, not the pitch")
        return None

    # --- performing again -------------------------------------------------------------------------

    def perform_next(self) -> None:
        """Let a model perform the next take that was stretched, where nothing else is being made."""
        if self._batch is not None or self._performing is not None or self._is_busy() or self._off():
            return
        latest, tracks = self.core.stage.latest, self.core.session.tracks
        for name, sound in latest.items():
            take = tracks[name].take if name in tracks else None
            if sound is not None and not sound.is_final and take is not None and take.stem is sound.stem:
                self._perform(take, Wanted(name, sound, sound.played.tempo_bpm))
                return

    def _perform(self, take: Take, wanted: Wanted) -> None:
        """It hears the tracks that it was made with, as they sound now."""
        sounds = {name: sound.played for name, sound in self.core.stage.latest.items() if sound}
        beside = {name: played for name, played in sounds.items() if name != wanted.track}
        batch = self._performing = Batch(wanted.tempo_bpm, [wanted])

        def perform() -> Sound:
            played = self.core.renderer.best(take, wanted.tempo_bpm, beside, batch.cancelled.is_set)
            return replace(wanted.sound, played=played, loop=self.core.outs.prepare(played), is_final=True)

        batch.rendered = [self.core.pool.submit(perform)]
        batch.rendered[0].add_done_callback(lambda _: self.core.post(lambda: self._performed(batch)))

    def _performed(self, batch: Batch) -> None:
        """The model's rendering takes the stretched one's place; one that broke off leaves it."""
        (wanted,), (future,) = batch.wanted, batch.rendered
        if batch is not self._performing or future.cancelled():
            return
        self._performing = None
        error = future.exception()
        if error is None:
            self.core.stage.replace({wanted.track: (wanted.sound, future.result())})
        elif self.core.stage.latest.get(wanted.track) is wanted.sound:
            self.core.log("warning", f"{wanted.track}: the model broke off ({error}); it stays stretched")
            self.core.stage.latest[wanted.track] = replace(wanted.sound, is_final=True)
        self.perform_next()
