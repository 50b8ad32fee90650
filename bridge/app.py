"""The composition root: engine, outs, OSC and MIDI joined on one asyncio loop, the control thread.

OscServer, MidiInput --Command--> Engine.submit        Engine --Event--> OscServer, MidiController
worker, writer ------post------> call_soon_threadsafe  JACK callback: native, on its own
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
from collections.abc import Callable
from pathlib import Path

from bridge import midi_answers, reaper_surface
from bridge.advertise import advertisement
from bridge.beats import BeatFollower
from bridge.clock.clock import STEP_S, Clock, call_later
from bridge.clock.link import INSTALL
from bridge.clock.sender import ClockSender
from bridge.midi_input import MidiInput
from bridge.midi_out import midi_player_of, style_of
from bridge.osc_names import names_now
from bridge.osc_server import OscServer
from bridge.outs import Outs
from bridge.players import make_player
from bridge.reaper import Reaper
from bridge.understanding import understanding_of
from bridge.waiting import Waiting
from engine import __version__
from engine import commands as c
from engine import events as e
from engine.config import Config, genre_folder
from engine.engine import Engine
from engine.errors import EngineError
from engine.models import Models, models_of, performers_summed, warm_models
from engine.music.user_genres import load_user_genres
from engine.prompt.understanding import install
from engine.registry import Registry, default_registry
from engine.units import gain_to_db

log = logging.getLogger(__name__)
METER_S = 1 / 30
HOUSEKEEPING_S = 1.0
COLLECT_AT_LEAST_S = 60.0


class App:
    """A running instrument. `await run()` returns after `/rg/quit`, SIGTERM or SIGINT."""

    def __init__(
        self, config: Config, folder: Path, registry: Registry | None = None, models: Models | None = None
    ) -> None:
        """EngineError `not_available` where the settings demand a model and there is none."""
        self.config = config
        self.folder = folder
        self.registry = registry or default_registry()
        self.failures = [
            f"a track type could not be loaded: {failure}" for failure in self.registry.load_entry_points()
        ]
        self.failures += load_user_genres(genre_folder(config))
        self.registry = self.registry.choose(config.engine.tracks)
        self.models = models or models_of(config)
        self.failures += [
            f"a family of models could not be loaded: {failure}"
            for failure in self.models.load_entry_points()
        ]
        self.models.check([self.registry[name] for name in self.registry], config.engine.render)
        self.quitting = asyncio.Event()

    async def start(self, resume: bool = False) -> None:
        """Warm up, then open the ports."""
        warm()
        install(understanding_of(self.config.prompt))
        loop = asyncio.get_running_loop()
        style = style_of(self.config.midi, list(self.registry))
        midi = midi_player_of(self.config, list(self.registry))
        self.outs = Outs(make_player(self.config, list(self.registry), midi), style, midi)
        self.engine = Engine(
            self.folder,
            self.outs,
            lambda call: post_to(loop, call),
            self.registry,
            self.config.engine.worker_threads or None,
            self.models,
        )
        warm_models(self.registry, self.engine.core.choices())
        self.clock = Clock(self.outs.player, self.config.clock, self._ask_for_clock, self.engine.publish)
        self.outs.clock = self.clock
        self.engine.core.tempo_leader = lambda: self.clock.tempo_leader
        self.clock.midi.is_off = not self.config.midi.enabled
        for event in self.engine.snapshot():
            self.clock.note(event)
        self.engine.subscribe(self.clock.note)
        self.server = OscServer(
            submit=self.submit, snapshot=self.snapshot, status=self.status,
            tracks=lambda: list(self.registry), set_name=lambda: self.engine.set_name,
            version=__version__, quit=self.quitting.set, lease_s=self.config.osc.lease_s,
            startup_targets=startup_targets(self.config), dump_level=self.config.log.dump,
            names=lambda: names_now(self.engine, list(self.registry)),
        )  # fmt: skip
        self.waiting = Waiting(
            list(self.registry), self.outs.player, lambda: self.engine.generation.entrances.ready.keys()
        )
        self.midi = MidiInput(
            self.config, list(self.registry), self.server.submit_osc, self.engine.publish,
            lambda call: post_to(loop, call),
        )  # fmt: skip
        self.midi.hear_clock = self.clock.hear_midi
        self.clock.sender = ClockSender(self.midi.send_clock, call_later)
        self.engine.subscribe(self.server.publish)
        self.engine.subscribe(self.midi.show)
        self.engine.subscribe(log_event)
        # A full collection holds every thread up for 50 ms: this one, before the ports open, is the last.
        gc.disable()
        collect_new_garbage()
        await self.server.start(self.config.osc.host, self.config.osc.port)
        self.advertisement = advertisement(self.config.osc, self.server)
        self.reaper = Reaper(self.config, self.server, lambda call: post_to(loop, call))
        self.engine.subscribe(self.reaper.surface.show)
        regularly = (
            ("the clock", STEP_S, self.clock.step), ("the meters", METER_S, self._meters()),
            ("the housekeeping", HOUSEKEEPING_S, self._housekeeping()),
        )  # fmt: skip
        self.tasks = [loop.create_task(again_and_again(*work)) for work in regularly]
        self.tasks.append(loop.create_task(self.advertisement.run()))
        if self.config.midi.enabled:
            self._start_midi()
        self.engine.announce_performers()
        for failure in self.failures:
            self.engine.publish(e.Log("warning", failure))
        self._choose_clock()
        if resume:
            for line in self.engine.resume():
                self.engine.publish(e.Log("info", f"taken up again: {line}"))

    def _start_midi(self) -> None:
        """Without MIDI on this machine the engine goes on without, and takes it up when it comes."""
        try:
            self.midi.start(self.snapshot())
        except EngineError as error:
            log.info("no MIDI: %s", error.text)
        self.tasks.append(asyncio.get_running_loop().create_task(self.midi.run()))

    def submit(self, command: c.Command, origin: e.Origin) -> None:
        if isinstance(command, c.ReportPosition):
            self.clock.told(command, origin.client)
        elif isinstance(command, reaper_surface.COMMANDS):
            self.reaper.surface.told(command, origin)
        elif isinstance(command, midi_answers.COMMANDS):
            midi_answers.answer(command, origin, self.midi, self.engine.publish)
        else:
            self.clock.check(command)
            self.engine.submit(command, origin)

    def snapshot(self) -> list[e.Event]:
        return [*self.engine.snapshot(), *self.waiting.snapshot(), self.clock.active]

    def _ask_for_clock(self, command: c.Command) -> None:
        """The clock that leads has another tempo or signature; what the set cannot take is told."""
        try:
            self.engine.submit(command, e.Origin("clock", ""))
        except EngineError as error:
            self.engine.publish(e.Log("warning", f"the clock that leads is not followed: {error.text}"))

    def _choose_clock(self) -> None:
        """The source of the settings; our own where it is not to be had."""
        if self.config.clock.link and not self.clock.link.is_installed:
            self.engine.publish(e.Log("warning", f"[clock] link: {INSTALL}"))
        try:
            self.engine.submit(c.SetClockSource(self.config.clock.source), e.Origin("clock", ""))
        except EngineError as error:
            self.engine.publish(e.Log("warning", f"[clock] source {self.config.clock.source}: {error.text}"))

    def status(self) -> tuple[str, int, float, int, float, str]:
        """state, queued, cpu_load, xruns, last_generate_s, device: the answer to /rg/status."""
        player = self.outs.status()
        generation = self.engine.generation
        device = f"{performers_summed(self.engine.core.choices())}; {player.text}; {self.clock.text}"
        return (
            self.engine.state, len(generation.queue), player.cpu_load, player.xruns,
            generation.last_generate_s, device,
        )  # fmt: skip

    async def run(self, resume: bool = False) -> None:
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C raises KeyboardInterrupt
                loop.add_signal_handler(name, self.quitting.set)
        await self.start(resume)
        try:
            await self.quitting.wait()
        finally:
            await self.stop()

    async def stop(self) -> None:
        """Give up what is being made, write what is there, answer, close."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self.engine.generation.cancel("*")
        await asyncio.get_running_loop().run_in_executor(None, self.engine.finish)
        await asyncio.sleep(0)  # the last answers, posted by the writer, go out
        self.midi.close()
        await self.clock.close()
        await self.advertisement.stop()
        await self.server.stop()
        self.reaper.close()
        self.engine.close()
        self.outs.close()

    # --- what happens by the clock ----------------------------------------------------------------

    def _meters(self) -> Callable[[], None]:
        """Beats and levels, 30 times a second."""
        follower = BeatFollower()

        def look() -> None:
            transport = self.outs.transport()
            self.engine.note_playing(transport.rolling)
            for waiting in self.waiting.look():
                self.engine.publish(waiting)
            beat = follower.follow(transport)
            if beat is not None:
                self.engine.publish(beat)
            if transport.rolling:
                for track, peak in self.outs.levels().items():
                    if track != "mix":
                        self.engine.publish(e.TrackLevel(track, gain_to_db(peak)))

        return look

    def _housekeeping(self) -> Callable[[], None]:
        """Once a second: the player, the disk, and memory (not while something is made: new scores are many
        objects to look at, and a lock would wait for it; but not for ever)."""
        since_collected_s = 0.0

        def keep() -> None:
            nonlocal since_collected_s
            line = self.outs.poll()
            if line is not None:
                self.engine.publish(e.Log("info", line))
            self.engine.tick()
            since_collected_s += HOUSEKEEPING_S
            if not self.engine.generation.busy or since_collected_s >= COLLECT_AT_LEAST_S:
                collect_new_garbage()
                since_collected_s = 0.0

        return keep


async def again_and_again(what: str, every_s: float, work: Callable[[], None]) -> None:
    """What goes wrong is logged, and tried again after a second: the music goes on by itself."""
    while True:
        wait_s = every_s
        try:
            work()
        except Exception:
            log.exception("%s", what)
            wait_s = max(every_s, HOUSEKEEPING_S)
        await asyncio.sleep(wait_s)


def post_to(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    """From any thread; a loop that has ended takes nothing more, and nobody waits for it."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(call)


def collect_new_garbage() -> None:
    """Collect, and never look again at what is left: so each time takes a millisecond, not fifty."""
    gc.collect()
    gc.freeze()


def warm() -> None:
    """Load and compile everything that would make the first prompt wait."""
    from engine.instruments.warming import warm as warm_instruments
    from engine.music.compose import warm as warm_composers
    from engine.prompt.interpret import warm as warm_prompts

    warm_prompts()
    warm_composers()
    warm_instruments()


def startup_targets(config: Config) -> list[tuple[str, int]]:
    """`host:port` of the settings, as pairs."""
    pairs = [target.rsplit(":", 1) for target in config.osc.startup_targets]
    return [(host, int(port)) for host, port in pairs]


def log_event(event: e.Event) -> None:
    if isinstance(event, e.Log):
        log.log(getattr(logging, event.level.upper()), "%s", event.text)
    elif isinstance(event, e.Failed):
        log.warning("%s: %s: %s", event.origin.command, event.code, event.text)
