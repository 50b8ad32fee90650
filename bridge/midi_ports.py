"""The ports of one controller: an input, an output, either of which may be missing.

Input is polled, not called back: with JACK, rtmidi calls back from the process thread, where waiting for
the interpreter would make every client late. So everything here happens on the control thread.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import mido
import rtmidi

from bridge.clock.midi import STATUSES
from bridge.clock.stamps import Stamps

if TYPE_CHECKING:
    from bridge.midi_system import MidiSystem

log = logging.getLogger(__name__)

FIRST_REAL_TIME = 0xF8
# Takes a message of MIDI clock: the ports that it came by, its bytes, its time (time.perf_counter()).
HearClock = Callable[[object, bytes, float], None]


class MidiPorts:
    """`input` and `output` are rtmidi's, or None. A port that breaks is closed, logged once, and None."""

    def __init__(self, system: MidiSystem, input_port: Any = None, output_port: Any = None) -> None:
        self.system = system
        self.input: Any = None
        self.output = output_port
        self.stamps = Stamps()
        self.set_input(input_port)

    def set_input(self, port: Any) -> None:
        self.close_input()
        self.input = port
        # JACK's come stamped with the block they lie in: with its begin, half a block before their own time.
        watch = self.system.watch
        self.stamps = Stamps(watch.block_s / 2 if watch is not None else 0.0)

    def set_output(self, port: Any) -> None:
        self.close_output()
        self.output = port

    # --- in ---------------------------------------------------------------------------------------

    def waiting(self, hear_clock: HearClock) -> Iterator[mido.Message]:
        """What has come in since the last time; bytes that are no message are left out."""
        while self.input is not None and not self.system.gone:
            try:
                received = self.input.get_message()
            except rtmidi.RtMidiError as error:
                log.warning("a MIDI input has gone: %s", error)
                self.close_input()
                return
            if received is None:
                return
            data, delta_s = received
            at_s = self.stamps.at(delta_s, time.perf_counter())
            if data[0] in STATUSES:
                hear_clock(self, bytes(data), at_s)  # who is plugged in again is the same sender
            elif data[0] < FIRST_REAL_TIME:  # active sensing is nobody's business
                with contextlib.suppress(ValueError):
                    yield mido.Message.from_bytes(data)

    # --- out --------------------------------------------------------------------------------------

    def send(self, message: mido.Message) -> None:
        """A port that is gone is never waited for."""
        if self.output is None or self.system.gone:
            return
        try:
            self.output.send_message(message.bytes())
        except rtmidi.RtMidiError as error:
            log.warning("a MIDI output has gone: %s", error)
            self.close_output()

    # --- the end ----------------------------------------------------------------------------------

    def close_input(self) -> None:
        self.system.release(self.input)
        self.input = None

    def close_output(self) -> None:
        self.system.release(self.output)
        self.output = None

    def leave(self) -> None:
        """Let go of both without closing them: they are somebody else's."""
        self.input = self.output = None
