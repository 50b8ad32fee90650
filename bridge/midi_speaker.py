"""What one track says as MIDI on a timeline of beats, loop after loop: for ports that no JACK carries.

The law is that of bridge.jack_midi, in beats: an event on sample s of a loop of N samples and L beats is due
at beat k * L + s / N * L of every turn k. Nothing in here waits or sends.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bridge.player import Loop
from engine.audio.midi_live import BEND, CONTROL, EVENT, NOTE, NUM_KINDS, OFF, ON, WHEEL
from engine.units import ms_to_samples

ALL_NOTES_OFF = 123
WHEEL_CENTRE = (0x00, 0x40)
# A note that ends sooner after a take-over is not begun again: it would be a blip.
WORTH_TAKING_UP = ms_to_samples(100.0)
NOTHING, NOWHERE = np.zeros(0, EVENT), np.zeros(0)
Message = tuple[int, int, int]


class Speaker:
    """`take_over` a loop, then `until` again and again with beats that never go back."""

    def __init__(self) -> None:
        self.loop: Loop | None = None
        self._events: NDArray[Any] = NOTHING
        self._beats: NDArray[np.float64] = NOWHERE  # of each event in its turn
        self._turn, self._place = 0, 0  # of the event that comes next
        self._sounding: dict[int, int] = {}  # pitch -> channel
        self._bent_on: int | None = None  # the channel whose wheel is not in its centre
        self._channel = 0

    # --- a loop -----------------------------------------------------------------------------------

    def take_over(self, loop: Loop | None, beat: float) -> Iterator[Message]:
        """From `beat` on this loop speaks: what came before ends, and it says what somebody must know who
        comes in here."""
        yield from self.hush()
        self.loop = loop
        if loop is None or loop.midi is None or not len(loop.midi.events):
            self._events, self._beats, self._turn, self._place = NOTHING, NOWHERE, 0, 0
            return
        for event in loop.midi.events[loop.midi.events["sample"] < 0]:
            yield from self._say(event)
        here = self._lay(loop, beat)
        yield from self._told_before()
        yield from self._held(here, loop.length_samples)

    def _lay(self, loop: Loop, beat: float) -> float:
        """What comes next is what this loop says from `beat` on; the sample of it that is there."""
        assert loop.midi is not None
        self._events = loop.midi.events[loop.midi.events["sample"] >= 0]
        self._beats = self._events["sample"] / loop.length_samples * loop.length_beats
        self._turn = math.floor(beat / loop.length_beats)
        within = beat - self._turn * loop.length_beats
        self._place = int(np.searchsorted(self._beats, within - 1e-9))
        return within / loop.length_beats * loop.length_samples

    def go_on(self, loop: Loop, beat: float) -> Iterator[Message]:
        """A loop of the same notes, rendered for another tempo, has come in this one's place at `beat`: what
        sounds goes on, and no note is struck twice or left out."""
        struck = self._struck()
        self.loop = loop
        self._lay(loop, beat)
        # A note lies on the nearest sample of its tempo, and so perhaps on the other side of `beat`.
        while (now_struck := self._struck()) != struck:
            self._step(1 if now_struck < struck else -1)
        for pitch in [pitch for pitch in self._sounding if not self._will_end(pitch)]:
            yield OFF | self._sounding.pop(pitch), pitch, 0

    def _will_end(self, pitch: int) -> bool:
        """Whether what comes next of a pitch is its end."""
        words = self._events["status"] & 0xF0
        (places,) = np.nonzero((self._events["data1"] == pitch) & ((words == ON) | (words == OFF)))
        following = places[np.searchsorted(places, self._place) % len(places)] if len(places) else None
        return following is not None and bool(words[following] == OFF)

    def _struck(self) -> int:
        """How many notes have begun since beat 0 of the music."""
        begins = (self._events["status"] & 0xF0) == ON
        return self._turn * int(np.count_nonzero(begins)) + int(np.count_nonzero(begins[: self._place]))

    def _step(self, by: int) -> None:
        turns, self._place = divmod(self._place + by, len(self._events))
        self._turn += turns

    def _told_before(self) -> Iterator[Message]:
        """The last message of each controller, the loop taken as a ring."""
        ring = np.roll(self._events, -self._place)
        for kind in range(BEND, NUM_KINDS):
            (found,) = np.nonzero(ring["kind"] == kind)
            if len(found):
                yield from self._say(ring[found[-1]])

    def _held(self, here: float, length: int) -> Iterator[Message]:
        for event in self._events[(self._events["kind"] == NOTE) & (self._events["gate"] > 0)]:
            since = (here - int(event["sample"])) % length
            if since > 0.5 and int(event["gate"]) - since >= WORTH_TAKING_UP:
                yield from self._say(event)

    def follow(self, loop: Loop) -> None:
        """Another loop that says the same has come in this one's place."""
        self.loop = loop

    # --- time -------------------------------------------------------------------------------------

    @property
    def next_beat(self) -> float:
        """When something is due; infinity where nothing ever is."""
        if not len(self._beats) or self.loop is None:
            return math.inf
        return (
            self._turn * self.loop.length_beats
            + float(self._beats[self._place % len(self._beats)])
            + (self.loop.length_beats if self._place == len(self._beats) else 0.0)
        )

    def until(self, beat: float) -> Iterator[Message]:
        """What is due before `beat` and has not been said."""
        while self.next_beat < beat:
            if self._place == len(self._beats):
                self._turn, self._place = self._turn + 1, 0
                continue
            event = self._events[self._place]
            self._place += 1
            yield from self._say(event)

    # --- words ------------------------------------------------------------------------------------

    def _say(self, event: np.void) -> Iterator[Message]:
        """A note that did not begin does not end."""
        status, data1, data2 = (int(event[name]) for name in ("status", "data1", "data2"))
        word, self._channel = status & 0xF0, status & 0x0F
        if word == ON:
            self._sounding[data1] = self._channel
        elif word == OFF and self._sounding.pop(data1, None) is None:
            return
        elif word == WHEEL:
            self._bent_on = None if (data1, data2) == WHEEL_CENTRE else self._channel
        yield status, data1, data2

    def hush(self) -> Iterator[Message]:
        """What sounds ends, and the wheel goes back."""
        for pitch, channel in self._sounding.items():
            yield OFF | channel, pitch, 0
        self._sounding.clear()
        if self._bent_on is not None:
            yield WHEEL | self._bent_on, *WHEEL_CENTRE
            self._bent_on = None

    def rest(self) -> Iterator[Message]:
        """Once the music has stopped; also for synths that miss the end of a note. Nothing where it rests."""
        if self.loop is not None:
            yield from self.hush()
            yield CONTROL | self._channel, ALL_NOTES_OFF, 0
            self.loop, self._beats = None, NOWHERE
