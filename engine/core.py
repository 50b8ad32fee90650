"""What the engine's parts share: the open set, the world outside, and the ways between the threads."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field

from engine import events as e
from engine.audio.stretcher import Stretcher
from engine.errors import EngineError
from engine.models import Choice, Models
from engine.outs import Outs
from engine.registry import Registry
from engine.retempo import Renderer
from engine.session import Session
from engine.sound import Sound
from engine.stage import Stage
from engine.store import Store
from engine.writer import Task, Writer


@dataclass
class Core:
    """`publish` and everything that changes `session`, `store` or `stage` happen on the control thread;
    `post` brings a call there from any other."""

    session: Session
    store: Store
    registry: Registry
    outs: Outs
    writer: Writer  # stems and exports
    keeper: Writer  # the set's database: never behind a long stem
    pool: Executor  # for performers
    preparer: Executor  # for what has been performed and only has to be made ready to play
    publish: Callable[[e.Event], None]
    post: Callable[[Callable[[], None]], None]
    models: Models = field(default_factory=Models)
    # Who leads the tempo and takes none of ours ("MIDI clock"); "": nobody, the set's own counts.
    tempo_leader: Callable[[], str] = str

    def __post_init__(self) -> None:
        self.stage = Stage(self)
        self.renderer = Renderer(self.registry, self.models, Stretcher())

    def in_tempo(
        self, sound: Sound, tempo_bpm: float, is_cancelled: Callable[[], bool] = lambda: False
    ) -> Sound:
        """The sound rendered for a tempo, ready to be played; on any thread but the control thread."""
        stem = sound.stem
        played = self.renderer.quick(stem, tempo_bpm, is_cancelled)
        is_final = played is stem or self.renderer.family(stem) is None
        return Sound(stem, played, self.outs.prepare(played, sound.heard), sound.heard, is_final)

    def log(self, level: str, text: str) -> None:
        self.publish(e.Log(level, text))

    def save(self) -> None:
        """Keep the settings and whatever is pending."""
        self.store.put_state("settings", self.session.settings())
        self.commit()

    def commit(self) -> None:
        """Hand what is pending to the keeper; a disk that refuses is reported, not fatal."""
        statements, database = self.store.take_pending(), self.store.database

        def failed(error: EngineError, _: bool) -> None:
            self.post(lambda: self.log("error", f"{error.text}; it is kept in memory and tried again"))

        if statements or database.unwritten:
            self.keeper.submit(Task(lambda: database.write(statements), lambda _: None, failed, retry=False))

    def answer_when_safe(self, origin: e.Origin, event: e.Event | None = None) -> None:
        """`event` and Done, once the keeper has brought everything to the disk; Failed where it cannot."""
        self.commit()

        def done(_: object) -> None:
            self.post(lambda: self.publish_all([event, e.Done(origin)] if event else [e.Done(origin)]))

        def failed(error: EngineError, _: bool) -> None:
            text = f"{error.text}; it is kept in memory and tried again"
            self.post(lambda: self.publish(e.Failed(origin, error.code, text)))

        self.keeper.submit(Task(self.store.database.make_safe, done, failed, retry=False))

    def publish_all(self, events: list[e.Event]) -> None:
        for event in events:
            self.publish(event)

    # --- who performs -----------------------------------------------------------------------------

    @property
    def render(self) -> str:
        """The set's own word of `engine.performing.RENDERS`, or the settings'."""
        return self.session.render or self.models.render

    def choices(self) -> dict[str, Choice]:
        """Who performs the next take of each track, and why."""
        return {name: self.models.choose(self.registry[name], self.render) for name in self.session.tracks}

    def render_events(self) -> list[e.Event]:
        told = (e.TrackRender(name, choice.performer, choice.told) for name, choice in self.choices().items())
        return [e.Render(self.render), *told]

    def snapshot(self) -> list[e.Event]:
        """Every value of the open set; its folder first: the names of files that follow are in it."""
        return [e.SetFolder(self.store.told_folder), *self.session.snapshot(), *self.render_events()]
