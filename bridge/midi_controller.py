"""Pads to messages of the contract, events to lights. No port, no thread: data in, data out.

Message --receive--> submit_osc(address, args)
Event   --show-----> send(Message), when the look of a light changes
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import mido

from bridge.midi_args import GATE, TOGGLE, VALUE
from bridge.midi_map import STATE_LOOKS, Binding, Control, ControllerMap, Led, Look
from bridge.osc_spec import OUTPUTS
from engine import events as e

PRESSED_FROM = 64  # a CC button counts as pressed from the middle of its way


class MidiController:
    """One controller at work. Everything is called on the control thread.

    `submit_osc` takes an address of the contract and its arguments, and reports refusals itself.
    """

    def __init__(
        self, controller_map: ControllerMap, submit_osc: Callable[[str, list[Any]], None],
        send: Callable[[mido.Message], None],
    ) -> None:  # fmt: skip
        self.map = controller_map
        self.submit_osc = submit_osc
        self.send = send
        self.values: dict[str, Any] = {}  # newest value of every address that has just one
        self.down: set[tuple[Control, int]] = set()  # pressed controls, by channel
        self.shown: dict[Control, Look] = {}

    # --- in ---------------------------------------------------------------------------------------

    def receive(self, message: mido.Message) -> None:
        """A message of the controller; one that nothing is bound to does nothing."""
        event = _control_event(message)
        if event is None:
            return
        kind, number, position = event
        pressed = position > 0 if kind == "note" else position >= PRESSED_FROM
        for binding in self.map.bindings:
            if _is_meant(binding.control, kind, number, message.channel):
                self._operate(binding, message.channel, position, pressed)
        if not pressed and self.map.relight:
            self._relight(kind, number, message.channel)

    def _operate(self, binding: Binding, channel: int, position: int, pressed: bool) -> None:
        """Knobs act on every move; pads, keys and buttons when they are pressed or let go."""
        key = (binding.control, channel)
        changed = pressed != (key in self.down)
        (self.down.add if pressed else self.down.discard)(key)
        if binding.control.kind == "cc" and binding.follows_value:
            acts = True
        elif binding.follows_value or GATE not in binding.args:
            # Two note-ons without a note-off between are two presses: pads that send no note-offs exist.
            acts = pressed and (changed or binding.control.kind == "note")
        else:
            acts = changed
        if acts:
            self.submit_osc(binding.address, self._fill(binding, position, pressed))

    def _fill(self, binding: Binding, position: int, pressed: bool) -> list[Any]:
        supplied: Mapping[Any, Callable[[], Any]] = {
            VALUE: lambda: binding.scaled(position),
            TOGGLE: lambda: int(not self._is_on(binding.address)),
            GATE: lambda: int(pressed),
        }
        return [supplied[arg]() if arg in supplied else arg for arg in binding.args]

    def _is_on(self, address: str) -> bool:
        """For several tracks: whether all of them are."""
        if "*" not in address:
            return bool(self.values.get(address, 0))
        start, end = address.split("*")
        found = [v for known, v in self.values.items() if known.startswith(start) and known.endswith(end)]
        return bool(found) and all(found)

    # --- out --------------------------------------------------------------------------------------

    def show(self, event: e.Event) -> None:
        """Take in an event; lights whose look it changes are lit."""
        row = OUTPUTS.get(type(event))
        if row is None or len(row.args) != 1:
            return
        address = row.address.replace("{t}", getattr(event, "track", ""))
        self.values[address] = getattr(event, row.args[0].name)
        for led in self.map.leds:
            if led.shows == address:
                self._light(led)

    def refresh(self) -> None:
        """Light everything anew: at the start, and when the controller was plugged in again."""
        self.shown.clear()
        for led in self.map.leds:
            self._light(led)

    def dark(self) -> None:
        """Put out every light, at the end."""
        for led in self.map.leds:
            self.send(_light_message(led, led.looks["off"]))
        self.shown.clear()

    def _light(self, led: Led) -> None:
        value = self.values.get(led.shows, 0)
        look = led.looks[
            STATE_LOOKS.get(value, "off") if isinstance(value, str) else "solid" if value else "off"
        ]
        if self.shown.get(led.control) != look:
            self.shown[led.control] = look
            self.send(_light_message(led, look))

    def _relight(self, kind: str, number: int, channel: int) -> None:
        for led in self.map.leds:
            if _is_meant(led.control, kind, number, channel) and led.control in self.shown:
                self.send(_light_message(led, self.shown[led.control]))


def _control_event(message: mido.Message) -> tuple[str, int, int] | None:
    """(note or cc, its number, 0..127); a note that is let go has position 0."""
    if message.type == "note_on":
        return "note", message.note, message.velocity
    if message.type == "note_off":
        return "note", message.note, 0
    if message.type == "control_change":
        return "cc", message.control, message.value
    return None


def _is_meant(control: Control, kind: str, number: int, channel: int) -> bool:
    return (control.kind, control.number) == (kind, number) and control.channel in (None, channel)


def _light_message(led: Led, look: Look) -> mido.Message:
    if led.control.kind == "note":
        return mido.Message("note_on", note=led.control.number, velocity=look.velocity, channel=look.channel)
    return mido.Message(
        "control_change", control=led.control.number, value=look.velocity, channel=look.channel
    )
