"""The engine: commands in, events out. Everything public here is called on the control thread.

submit(command, origin) -> Session.apply …… values, at once
                        -> Generation …… the worker, then the writer
                        -> Library, Exports …… names and files
subscribe(callback) <- every Event
"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable
from pathlib import Path

from engine import commands as c
from engine import events as e
from engine.analysis_fields import track_fields
from engine.core import Core
from engine.errors import EngineError
from engine.exports import Exports
from engine.following import Follower
from engine.generation import Generation
from engine.library import Library, read_session
from engine.models import Models, performers_told, warm_models
from engine.outs import Outs
from engine.prompt.understanding import current, understood_fields
from engine.registry import Registry, default_registry
from engine.requests import KINDS, resumed_command
from engine.store import Store
from engine.swapping import swap_to_current
from engine.worker import Worker
from engine.writer import Writer

GENERATIONS = tuple(KINDS)
EXPORTS = (c.ExportStems, c.ExportMix, c.ExportMidi, c.ExportDawproject)
GAINS = (c.SetVolume, c.SetPan, c.SetMute, c.SetSolo)
TAKES = (c.Undo, c.Redo, c.SelectTake)
KNOBS = (c.SetVolume, c.SetPan, c.SetParam)
QUESTIONS = (c.ListScenes, c.ListSets, c.AnalyzePrompt, c.AnalyzeTrack)
FRAMES = (c.SetTempo, c.SetSignature)
# A thread that computes in pure Python gives the interpreter away after this long, not after the
# default 5 ms: a lock is answered while composers run.
SWITCH_INTERVAL_S = 0.0001


class Engine:
    """One open set, its worker and its writer."""

    def __init__(
        self,
        folder: Path,
        outs: Outs,
        post: Callable[[Callable[[], None]], None],
        registry: Registry | None = None,
        threads: int | None = None,
        models: Models | None = None,
    ) -> None:
        """Open the set in `folder`. `post` runs a call on the control thread, from any thread. Without
        `models` the instruments perform everything."""
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        self.subscribers: list[Callable[[e.Event], None]] = []
        self.worker = Worker(threads)
        registry = registry or default_registry()
        store = Store(folder)
        session = read_session(store, registry, lambda text: self.publish(e.Log("warning", text)))
        self.core = Core(
            session,
            store,
            registry,
            outs,
            Writer("writer"),
            Writer("keeper"),
            self.worker.pool,
            self.worker.preparer,
            self.publish,
            post,
            models or Models(),
        )
        self.generation = Generation(self.core, self.worker)
        self.follower = Follower(
            self.core, self.worker.renderers, self.generation.entrances.waiting, lambda: self.state != "idle"
        )
        self.library = Library(self.core)
        self.exports = Exports(self.core)
        self.clock_source = "auto"
        self.playing = False
        self.knobs_moved = False
        outs.open_set(folder)
        outs.set_gains(session.gains())
        outs.set_midi(session.midi())
        swap_to_current(self.core, [t.name for t in session.standing()], "now", lambda: None)

    # --- the ways in and out ----------------------------------------------------------------------

    def subscribe(self, callback: Callable[[e.Event], None]) -> None:
        self.subscribers.append(callback)

    def publish(self, event: e.Event) -> None:
        for callback in list(self.subscribers):
            callback(event)

    def submit(self, command: c.Command, origin: e.Origin) -> None:
        """Carry a command out, or raise the EngineError that says why it cannot be."""
        if isinstance(command, GENERATIONS):
            self.generation.submit(command, origin)
        elif isinstance(command, EXPORTS):
            self.exports.submit(command, origin)
        elif (handler := self._handlers().get(type(command))) is not None:
            handler(command, origin)
        else:
            self._change(command)
        self._journal(command)

    def _handlers(self) -> dict[type[c.Command], Callable[..., None]]:
        library = self.library
        return {
            c.Cancel: lambda command, _: self.generation.cancel(command.track),
            c.Launch: lambda *_: self.generation.entrances.launch(),
            c.AnalyzePrompt: self._analyze_prompt,
            c.AnalyzeTrack: self._analyze_track,
            c.SaveScene: library.save_scene,
            c.LoadScene: self._load_scene,
            c.DeleteScene: library.delete_scene,
            c.ListScenes: lambda _, origin: library.list_scenes(origin),
            c.SaveContext: library.save_context,
            c.LoadContext: library.load_context,
            c.OpenSet: self._open_set,
            c.NewSet: self._open_set,
            c.ListSets: lambda _, origin: library.list_sets(origin),
            c.Play: lambda *_: self.core.outs.play(),
            c.Stop: lambda *_: self.core.outs.stop(),
            c.Locate: lambda command, _: self.core.outs.locate(command.beat),
            c.SetLock: lambda command, _: self._lock(command),
            c.SetRender: lambda command, _: self._set_render(command),
            c.SetClockSource: lambda command, _: self._set_clock(command.source),
        }

    def _change(self, command: c.Command) -> None:
        """A command that changes a value: state, feedback, and what plays follows."""
        core = self.core
        events = core.session.apply(command)
        core.publish_all(events)
        if isinstance(command, GAINS):
            core.outs.set_gains(core.session.gains())
        elif isinstance(command, c.SetTrackMidi):
            core.outs.set_midi(core.session.midi())
        elif isinstance(command, FRAMES):
            core.stage.set_grid()
            core.publish(e.ContextTempo(core.session.sounding().tempo_bpm))
        elif isinstance(command, TAKES):
            names = [event.track for event in events if isinstance(event, e.TrackTake)]
            core.publish_all(core.session.tempo_of_takes())
            self.generation.entrances.step_aside(names)
            when = "bar" if core.session.when == "manual" else core.session.when
            swap_to_current(core, names, when, lambda: None)
            core.publish_all(core.session.context_events())

    def _journal(self, command: c.Command) -> None:
        """Keep the command and what it made of the state; knobs on the move are kept by the next tick."""
        if isinstance(command, QUESTIONS):
            return
        entry = {"command": type(command).__name__, **dataclasses.asdict(command)}
        self.core.store.journal(json.dumps(entry, separators=(",", ":")))
        if isinstance(command, KNOBS):
            self.knobs_moved = True
        else:
            self.core.save()

    # --- the rest ---------------------------------------------------------------------------------

    def _open_set(self, command: c.OpenSet | c.NewSet, origin: e.Origin) -> None:
        if self.generation.busy:
            raise EngineError(
                "busy", "something is being made; wait for it or cancel it, then change the set"
            )
        self.library.open_set(command, origin)

    def _set_clock(self, source: str) -> None:
        self.core.outs.set_clock_source(source)
        self.clock_source = source
        self.publish(e.ClockSource(source))

    def _load_scene(self, command: c.LoadScene, origin: e.Origin) -> None:
        changed = self.library.load_scene(command, origin, self.generation.entrances.previewing())
        self.generation.entrances.step_aside(changed)

    def _lock(self, command: c.SetLock) -> None:
        if command.on:
            self.generation.hold([track.name for track in self.core.session.select(command.track)])
        self._change(command)

    def _set_render(self, command: c.SetRender) -> None:
        """EngineError `not_available` where no track has a model that could perform."""
        core = self.core
        core.models.check([core.registry[name] for name in core.session.tracks], command.render)
        core.session.apply(command)
        core.publish_all(core.render_events())
        self.announce_performers()
        core.pool.submit(warm_models, core.registry, core.choices())

    def announce_performers(self) -> None:
        """Who performs, and why, as lines of the log."""
        core = self.core
        for line in performers_told(core.choices()):
            core.log("info", line)

    def _analyze_prompt(self, command: c.AnalyzePrompt, origin: e.Origin) -> None:
        context = current().read(command.prompt, self.core.session.frame, self.core.session.context)
        self._answer_fields(origin, understood_fields(context))

    def _analyze_track(self, command: c.AnalyzeTrack, origin: e.Origin) -> None:
        track = self.core.session.select(command.track)[0]
        if track.take is None:
            raise EngineError("empty", f"{track.name} has no stem yet")
        self._answer_fields(origin, track_fields(track.take.says))

    def _answer_fields(self, origin: e.Origin, fields: list[tuple[str, str, bool]]) -> None:
        self.publish(e.Accepted(origin))
        for name, value, assumed in fields:
            self.publish(e.Reply(origin, "/rg/analysis/field", (name, value, int(assumed))))
        self.publish(e.Done(origin))

    def snapshot(self) -> list[e.Event]:
        """Every value, as events."""
        core = self.core
        return [
            e.SetOpened(self.set_name), *core.snapshot(), e.ClockSource(self.clock_source),
            e.Playing(self.playing),
        ]  # fmt: skip

    @property
    def set_name(self) -> str:
        return self.core.store.folder.name

    @property
    def state(self) -> str:
        """`generating`, `queued` or `idle`, for /rg/status."""
        if self.generation.running:
            return "generating"
        return "queued" if self.generation.queue else "idle"

    def note_playing(self, on: bool) -> None:
        """The transport started or stopped (the bridge tells)."""
        if on != self.playing:
            self.playing = on
            self.core.store.put_state("playing", on)
            self.core.commit()
            self.publish(e.Playing(on))

    def tick(self) -> None:
        """About once a second: knobs that moved are kept, what the disk refused is tried again, and a model
        that has nothing else to do performs what was stretched."""
        self.follower.perform_next()
        if self.knobs_moved:
            self.knobs_moved = False
            self.core.save()
        else:
            self.core.commit()

    def resume(self) -> list[str]:
        """Take up what a kill cut off: unfinished generations and the transport; says what."""
        state = self.core.store.opened_with
        resumed = []
        for entry in state.get("unfinished", []):
            command = resumed_command(entry)
            origin = e.Origin("resume", "/rg/" + entry["kind"])
            try:
                self.generation.submit(command, origin)
                resumed.append(f"{entry['kind']} {', '.join(entry['tracks'])}")
            except EngineError as error:
                self.publish(e.Log("warning", f"not taken up again: {entry['kind']}: {error.text}"))
        if state.get("playing"):
            self.core.outs.play()
            resumed.append("playing")
        return resumed

    def finish(self) -> None:
        """Let the worker end and the writer write what it has. Blocks: not on the control thread, which
        has to take in what the two still post."""
        self.worker.close()
        for _ in range(2):  # what the control thread makes of the first round's results is the second
            self.core.writer.drain()
            self.core.keeper.drain()

    def close(self) -> None:
        """After `finish`: the set's last state to the disk."""
        self.follower.close()
        self.worker.preparer.shutdown(wait=False, cancel_futures=True)
        self.worker.renderers.shutdown(wait=False, cancel_futures=True)
        self.core.renderer.stretcher.close()
        self.core.writer.close()
        self.core.save()
        self.core.keeper.close()
        self.core.store.close()
