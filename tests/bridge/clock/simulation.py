"""A clock, a silent player and the set's tempo, in simulated time: no waiting, and the same every time."""

import heapq
from dataclasses import replace
from itertools import count

import numpy as np

from bridge.clock.clock import STEP_S, Clock
from bridge.clock.link import LinkState
from bridge.grid import Grid
from bridge.internal_player import InternalPlayer
from engine import commands as c
from engine import events as e
from engine.config import ClockConfig
from engine.music.key import Signature

TRACKS = ("drums", "bass")


class Simulation:
    """`run` lets time pass: the clock steps, and what was put off happens in its time.

    `sound_ppm`: how much faster than the system's clock the player's sound card runs.
    """

    def __init__(self, tempo_bpm=120.0, sound_ppm=0.0, **settings):
        self.now_s, self.sound_ppm = 1000.0, sound_ppm
        self.waiting, self.order = [], count()
        self.player = InternalPlayer(TRACKS, lambda: self.now_s * (1 + self.sound_ppm / 1e6))
        self.asked, self.told = [], []
        self.frame = Grid(tempo_bpm)
        self.clock = Clock(
            self.player, replace(ClockConfig(), **settings), self.obey, self.told.append,
            lambda: self.now_s, self.later,
        )  # fmt: skip
        self.musician(c.SetTempo(tempo_bpm))
        loop = self.player.prepare(np.zeros((44_100, 2), np.float32), length_beats=4.0)
        self.player.swap("drums", loop, "now", self.frame)

    # --- the engine -------------------------------------------------------------------------------

    def obey(self, command):
        """What the engine does with a tempo: the set has it, the player follows, everybody is told."""
        self.asked.append(command)
        self.musician(command)

    def musician(self, command):
        if isinstance(command, c.SetTempo):
            self.frame = replace(self.frame, tempo_bpm=command.tempo_bpm)
            self.clock.note(e.Tempo(command.tempo_bpm))
        else:
            self.frame = replace(self.frame, signature=Signature(command.beats, command.unit))
            self.clock.note(e.SignatureChanged(command.beats, command.unit))
        self.player.set_grid(self.frame)

    # --- time -------------------------------------------------------------------------------------

    def later(self, delay_s, call):
        heapq.heappush(self.waiting, (self.now_s + delay_s, next(self.order), call))

    def run(self, seconds, look=None):
        """`look(self)` is called after every step."""
        end_s = self.now_s + seconds
        next_s = self.now_s
        while next_s <= end_s:
            self._pass_to(next_s)
            self.clock.step()
            if look is not None:
                look(self)
            next_s += STEP_S
        self._pass_to(end_s)

    def _pass_to(self, moment_s):
        while self.waiting and self.waiting[0][0] <= moment_s:
            self.now_s, _, call = heapq.heappop(self.waiting)
            call()
        self.now_s = moment_s

    # --- looking ----------------------------------------------------------------------------------

    @property
    def beat(self):
        return self.player.transport().beat

    @property
    def rolling(self):
        return self.player.transport().rolling

    @property
    def leader(self):
        return self.clock.active.source

    def error_ms(self, beat, quantum=0.0):
        """How far the music is behind a beat, in ms of the set's tempo."""
        behind = beat - self.beat
        if quantum:
            behind = (behind + quantum / 2) % quantum - quantum / 2
        return behind * 60_000 / self.frame.tempo_bpm


class Host:
    """A program's transport: rolls, rests, jumps, changes tempo. `beat` is where it is now."""

    def __init__(self, simulation, tempo_bpm=120.0, beat=0.0):
        self.simulation, self.tempo_bpm, self.rolling = simulation, tempo_bpm, False
        self._beat, self._at_s = beat, simulation.now_s

    @property
    def beat(self):
        since_s = self.simulation.now_s - self._at_s if self.rolling else 0.0
        return self._beat + since_s * self.tempo_bpm / 60

    def set(self, beat=None, tempo_bpm=None, rolling=None):
        self._beat, self._at_s = self.beat if beat is None else beat, self.simulation.now_s
        self.tempo_bpm = self.tempo_bpm if tempo_bpm is None else tempo_bpm
        self.rolling = self.rolling if rolling is None else rolling
        self.tell()

    def tell(self):
        """Nobody hears."""

    def error_ms(self):
        return self.simulation.error_ms(self.beat)


class OscHost(Host):
    """Tells its position every `every_s` while it rolls, and on change; each message is late by chance."""

    def __init__(self, simulation, random, every_s=0.15, latest_s=0.02, **options):
        super().__init__(simulation, **options)
        self.random, self.every_s, self.latest_s = random, every_s, latest_s
        self.is_there = True
        self.name = f"udp:127.0.0.1:{id(self)}"
        self._tick()

    def tell(self):
        position = c.ReportPosition(self.beat, self.tempo_bpm, self.rolling)
        delay_s = self.random.uniform(0.0, self.latest_s)
        self.simulation.later(delay_s, lambda: self.simulation.clock.told(position, self.name))

    def _tick(self):
        if self.rolling and self.is_there:
            self.tell()
        self.simulation.later(self.every_s, self._tick)


class MidiHost:
    """Sends MIDI clock, also at rest, with jitter; what it says comes into force with the next tick."""

    def __init__(self, simulation, random, tempo_bpm=120.0, jitter_s=0.001):
        self.simulation, self.random, self.jitter_s = simulation, random, jitter_s
        self.tempo_bpm, self.rolling, self.is_there = tempo_bpm, False, True
        self._tick, self._at_s, self._next = 0, simulation.now_s, None
        self._send()

    @property
    def beat(self):
        since_s = self.simulation.now_s - self._at_s if self.rolling else 0.0
        return self._tick / 24 + since_s * self.tempo_bpm / 60

    def start(self):
        self._say(0xFA)
        self._next = 0

    def stop(self):
        self._say(0xFC)
        self.rolling = False

    def locate(self, sixteenth):
        """At rest, or as a loop that begins anew."""
        self._say(0xF2, sixteenth & 127, sixteenth >> 7)
        self._next = sixteenth * 6

    def go_on(self):
        self._say(0xFB)
        self._next = self._tick if self._next is None else self._next

    def error_ms(self):
        return self.simulation.error_ms(self.beat)

    def _say(self, *message):
        self.simulation.clock.hear_midi("port", bytes(message), self.simulation.now_s)

    def _send(self):
        now_s = self.simulation.now_s
        if self._next is not None:
            self._tick, self._next, self.rolling = self._next, None, True
        elif self.rolling:
            self._tick += 1
        self._at_s = now_s
        if self.is_there:
            jitter_s = self.random.gauss(0.0, self.jitter_s)
            self.simulation.clock.hear_midi("port", b"\xf8", now_s + jitter_s)
        self.simulation.later(60 / self.tempo_bpm / 24, self._send)


class LinkSession(Host):
    """A Link session, told every 20 ms as the process beside the engine does."""

    def __init__(self, simulation, peers=1, ppm=0.0, **options):
        super().__init__(simulation, **options)
        self.peers, self.ppm, self.rolling = peers, ppm, True
        self.playing = False
        self.said = []
        link = simulation.clock.link
        link._tell = lambda *order: self.said.append(order)
        self._tick()

    @property
    def beat(self):
        return self._beat + (self.simulation.now_s - self._at_s) * (1 + self.ppm / 1e6) * self.tempo_bpm / 60

    def error_ms(self):
        return self.simulation.error_ms(self.beat, 4.0)

    def _tick(self):
        state = LinkState(self.simulation.now_s, self.beat, self.tempo_bpm, self.peers, self.playing)
        self.simulation.clock.link.state = state
        self.simulation.later(0.02, self._tick)


def worst(host, seconds):
    """The largest error while that time passes, in ms."""
    errors = []
    host.simulation.run(seconds, lambda _: errors.append(abs(host.error_ms())))
    return max(errors)
