"""`/rg/midi/…`: the list of bindings; learning is refused until it is there."""

from __future__ import annotations

from collections.abc import Callable

from bridge.midi_input import MidiInput
from engine import commands as c
from engine import events as e
from engine.errors import EngineError

COMMANDS = (c.LearnMidi, c.CancelLearnMidi, c.UnlearnMidi, c.ListMidiBindings)


def answer(command: c.Command, origin: e.Origin, midi: MidiInput, publish: Callable[[e.Event], None]) -> None:
    """One line a binding; a map with nothing bound is one line `0 0 "" ""`. EngineError `not_available`."""
    if not isinstance(command, c.ListMidiBindings):
        raise EngineError("not_available", "MIDI learn is not there yet; edit the controller's TOML file")
    bindings = midi.bindings()
    rows = [(i, len(bindings), *binding) for i, binding in enumerate(bindings, 1)] or [(0, 0, "", "")]
    for row in rows:
        publish(e.Reply(origin, "/rg/midi/binding", row))
