"""What the engine's parts share: the open set, the world outside, and the ways between the threads."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass

from engine import events as e
from engine.errors import EngineError
from engine.outs import Outs
from engine.registry import Registry
from engine.session import Session
from engine.store import Store
from engine.writer import Writer


@dataclass
class Core:
    """`publish` and everything that changes `session` or `store` happen on the control thread;
    `post` brings a call there from any other."""

    session: Session
    store: Store
    registry: Registry
    outs: Outs
    writer: Writer
    pool: Executor
    publish: Callable[[e.Event], None]
    post: Callable[[Callable[[], None]], None]

    def log(self, level: str, text: str) -> None:
        self.publish(e.Log(level, text))

    def save(self) -> None:
        """Commit the settings and whatever is pending; a disk that refuses is reported, not fatal."""
        self.store.put_state("settings", self.session.settings())
        self.commit()

    def commit(self) -> None:
        try:
            self.store.commit()
        except EngineError as error:
            self.log("error", f"{error.text}; it is kept in memory and tried again")

    def publish_all(self, events: list[e.Event]) -> None:
        for event in events:
            self.publish(event)
