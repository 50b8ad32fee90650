"""`/rg/midi/…`: learning, forgetting, and the list of what is bound."""

from __future__ import annotations

from collections.abc import Callable

from bridge.midi_args import write_args
from bridge.midi_device import Device
from bridge.midi_input import MidiInput
from engine import commands as c
from engine import events as e
from engine.errors import EngineError

COMMANDS = (c.LearnMidi, c.CancelLearnMidi, c.UnlearnMidi, c.ListMidiBindings)
Row = tuple[str, str, str]  # trigger, address, arguments


def answer(command: c.Command, origin: e.Origin, midi: MidiInput, publish: Callable[[e.Event], None]) -> None:
    """EngineError for what cannot be learned or forgotten."""
    if isinstance(command, c.LearnMidi):
        if not midi.is_open:
            raise EngineError("not_available", "there is no MIDI here to learn from; see resonantgen doctor")
        midi.learner.learn(command.address, command.args, origin)
    elif isinstance(command, c.UnlearnMidi):
        midi.learner.unlearn(command.address, command.args, origin)
    elif isinstance(command, c.CancelLearnMidi):
        midi.learner.cancel()
    else:
        rows = bindings(midi)
        numbered = [(i, len(rows), *row) for i, row in enumerate(rows, 1)] or [(0, 0, "", "", "")]
        for row in numbered:
            publish(e.Reply(origin, "/rg/midi/binding", row))


def bindings(midi: MidiInput) -> list[Row]:
    """Everything that is bound, controller by controller; then what was learned for those not plugged in."""
    here = [row for device in midi.plugs.everyone for row in _device_rows(device)]
    there = {device.stable_port for device in midi.plugs.everyone}
    away = [b for b in midi.learned.bindings if not any(b.port.casefold() in p.casefold() for p in there)]
    return here + [(f"{b.port}: {b.control}", b.address, write_args(b.args)) for b in away]


def _device_rows(device: Device) -> list[Row]:
    rows = []
    for binding in device.map.bindings:
        address = device.controller.layer.address(binding.address, binding.slot)
        if binding.address and address is not None:
            scope = [
                *binding.scope.pages,
                *([f"with {binding.scope.modifier}"] if binding.scope.modifier else []),
            ]
            where = f" ({', '.join(scope)})" if scope else ""
            rows.append((f"{device.name}: {binding.control}{where}", address, write_args(binding.args)))
    return rows
