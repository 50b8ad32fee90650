"""What is kept under names: scenes, musical contexts, sets."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from typing import Any

from engine import commands as c
from engine import events as e
from engine.core import Core
from engine.errors import EngineError
from engine.names import safe_name
from engine.prompt.music_context import Frame, MusicContext
from engine.session import Session
from engine.store import Store
from engine.swapping import swap_to_current
from engine.writer import Task


class Library:
    def __init__(self, core: Core) -> None:
        self.core = core

    # --- scenes -----------------------------------------------------------------------------------

    def save_scene(self, command: c.SaveScene, origin: e.Origin) -> None:
        name = safe_name(command.name)
        self.core.store.put_named("scenes", name, json.dumps(self.core.session.settings()))
        self._kept(origin, e.SceneSaved(name))

    def load_scene(self, command: c.LoadScene, origin: e.Origin, previewing: AbstractSet[str]) -> list[str]:
        """Back to a saved state, a swap like any other; the tracks of which another take sounds then.

        Locked tracks stay as they are. Of `previewing` something else sounds than the take that stands.
        """
        core = self.core
        settings = json.loads(core.store.named("scenes", command.name))
        core.publish(e.Accepted(origin))
        before = {name: track.current for name, track in core.session.tracks.items()}
        staying = [track.name for track in core.session.tracks.values() if track.locked]
        core.session.restore(settings, keep_locked=True)
        core.publish_all(core.snapshot())
        if staying:
            core.log("info", f"locked and left as they are: {', '.join(staying)}")
        core.outs.set_gains(core.session.gains())
        core.outs.set_midi(core.session.midi())
        tracks = core.session.tracks.items()
        changed = [name for name, t in tracks if t.current != before[name] or name in previewing]
        when = "bar" if core.session.when == "manual" else core.session.when
        swap_to_current(core, changed, when, lambda: self._kept(origin, e.SceneLoaded(command.name), False))
        return changed

    def delete_scene(self, command: c.DeleteScene, origin: e.Origin) -> None:
        self.core.store.named("scenes", command.name)
        self.core.store.delete_named("scenes", command.name)
        self._kept(origin, e.SceneDeleted(command.name))

    def list_scenes(self, origin: e.Origin) -> None:
        self._list(origin, "/rg/scene/name", self.core.store.names("scenes"))

    # --- contexts ---------------------------------------------------------------------------------

    def save_context(self, command: c.SaveContext, origin: e.Origin) -> None:
        context = self.core.session.context
        if context is None:
            raise EngineError("empty", "there is no musical context yet; generate something first")
        self.core.store.put_named("contexts", safe_name(command.name), context.to_json())
        self._kept(origin)

    def load_context(self, command: c.LoadContext, origin: e.Origin) -> None:
        """The wishes and the frame of a context, for the generations to come."""
        session = self.core.session
        context = MusicContext.from_json(self.core.store.named("contexts", command.name))
        session.context = context
        frame = Frame(
            context.tempo_bpm, context.key, context.signature, context.bars, frozenset(session.frame.pinned)
        )
        self.core.publish_all(session.set_frame(frame))
        self.core.stage.set_grid()
        self._kept(origin)

    # --- sets -------------------------------------------------------------------------------------

    def list_sets(self, origin: e.Origin) -> None:
        root = self.core.store.folder.parent
        self._list(origin, "/rg/set/name", sorted(path.parent.name for path in root.glob("*/set.db")))

    def open_set(self, command: c.OpenSet | c.NewSet, origin: e.Origin) -> None:
        """Change over to another set beside this one; EngineError `not_found` or `range`."""
        core = self.core
        name = safe_name(command.name)
        folder = core.store.folder.parent / name
        exists = (folder / "set.db").exists()
        if isinstance(command, c.NewSet) and exists:
            raise EngineError("range", f"there is a set {name!r} already; open it, or take another name")
        if isinstance(command, c.OpenSet) and not exists:
            known = ", ".join(sorted(path.parent.name for path in folder.parent.glob("*/set.db")))
            raise EngineError("not_found", f"there is no set {name!r}; there are: {known}")
        if folder == core.store.folder:
            self._kept(origin)  # it is open
            return
        store = Store(folder)
        try:
            session = read_session(store, core.registry, lambda text: core.log("warning", text))
        except EngineError:
            store.close()
            raise
        core.publish(e.Accepted(origin))
        core.save()
        core.keeper.submit(Task(core.store.close, lambda _: None, lambda *_: None, retry=False))
        core.store, core.session = store, session
        core.outs.open_set(folder)
        core.outs.set_gains(session.gains())
        core.outs.set_midi(session.midi())
        core.publish(e.SetOpened(name))
        core.publish_all(core.snapshot())
        swap_to_current(core, list(session.tracks), "bar", lambda: self._kept(origin, None, False))

    # --- answers ----------------------------------------------------------------------------------

    def _kept(self, origin: e.Origin, event: e.Event | None = None, accept: bool = True) -> None:
        """Answer once the disk has it."""
        core = self.core
        if accept:
            core.publish(e.Accepted(origin))
        core.save()
        core.answer_when_safe(origin, event)

    def _list(self, origin: e.Origin, address: str, names: list[str]) -> None:
        """One line a name; a list with nothing in it is one line `0 0 ""`."""
        rows = [(i, len(names), name) for i, name in enumerate(names, 1)] or [(0, 0, "")]
        for row in rows:
            self.core.publish(e.Reply(origin, address, row))


def read_session(store: Store, names: Iterable[str], warn: Callable[[str], None]) -> Session:
    """The session that a set's folder holds."""
    session = Session.empty(names)
    for track in session.tracks.values():
        track.takes = list(store.takes(track.name))
    settings: dict[str, Any] | None = store.opened_with.get("settings")
    if settings is None:
        return session
    session.restore(settings)
    gone = [name for name in settings["tracks"] if name not in session.tracks]
    if gone:
        warn(f"this set has tracks that no installed track type plays: {', '.join(gone)}")
    return session
