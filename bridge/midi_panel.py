"""Lights, motor faders, displays and meters of one controller: they tell the truth, and say it once.

names of values that changed --update--> messages, for what looks different now
another page, a modifier     --turn----> what was here goes out, what is here is lit
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import mido

from bridge.midi_control import BEND_MAX, Control, Move
from bridge.midi_layer import Layer
from bridge.midi_map import Digits, Light, Look, Meter, Output, Position, Text
from bridge.midi_shown import keys_of, look_of
from bridge.midi_sysex import light_message, text_message
from bridge.midi_text import fill_text, text_keys

Messages = tuple[mido.Message, ...]
Place = tuple[str, int]


class Panel:
    """Everything on the control thread. `send` takes what goes to the controller."""

    def __init__(self, layer: Layer, send: Callable[[mido.Message], None]) -> None:
        self.layer = layer
        self.send = send
        self.touched: set[Control] = set()
        self.shown: dict[Place, Messages] = {}
        self.live: dict[Place, Output] = {}
        self.by_key: dict[str, list[Output]] = {}
        self._choose()

    def _choose(self) -> None:
        """What is on the page shown, and the values it depends on."""
        outputs = self.layer.live(self.layer.map.outputs, lambda output: output.place)
        self.live = {output.place: output for output in outputs}
        self.by_key = {}
        for output in self.live.values():
            for key in self._keys(output):
                self.by_key.setdefault(key, []).append(output)

    def update(self, keys: Iterable[str]) -> None:
        """These values have changed."""
        for key in keys:
            for output in self.by_key.get(key, ()):
                self._show(output, again=isinstance(output, Meter))

    def turn(self) -> None:
        """Another page is shown, or a modifier held; tracks may have moved to other places."""
        before = self.live
        self._choose()
        for place in before.keys() - self.live.keys():
            self._say(place, self._blank(before[place]))
        for output in self.live.values():
            self._show(output)

    def refresh(self) -> None:
        """Everything anew: at the start, and when the controller was plugged in again."""
        self.shown.clear()
        self.turn()

    def dark(self) -> None:
        """Put everything out, at the end."""
        for output in self.live.values():
            for message in self._blank(output):
                self.send(message)
        self.shown.clear()

    def relight(self, control: Control) -> None:
        """Say again what a pad that was let go has put out itself."""
        light = self.live.get((control.kind, control.number))
        if isinstance(light, Light) and light.control.channel in (None, control.channel):
            for message in self.shown.get(light.place, ()):
                self.send(message)

    def touch(self, control: Control, down: bool) -> None:
        """A motor fader is held, and must not be moved; let go, it goes where the value is."""
        (self.touched.add if down else self.touched.discard)(control)
        for output in self.live.values():
            if isinstance(output, Position) and output.touch == control and not down:
                self._show(output, again=True)

    def stand(self, move: Move) -> None:
        """A knob or a fader was moved there: it is told of no place but another."""
        place = f"{move.kind} position", move.channel if move.kind == "bend" else move.number
        output = self.live.get(place)
        if isinstance(output, Position) and output.control.hears(move):
            self.shown[place] = (_going_to(output.control, move.value),)

    # --- what goes out ----------------------------------------------------------------------------

    def _show(self, output: Output, again: bool = False) -> None:
        if isinstance(output, Position) and output.touch in self.touched:
            return
        self._say(output.place, self._messages(output), again)

    def _say(self, place: Place, messages: Messages, again: bool = False) -> None:
        if self.shown.get(place) == messages and not again:
            return
        self.shown[place] = messages
        for message in messages:
            self.send(message)

    def _keys(self, output: Output) -> set[str]:
        if isinstance(output, Light):
            return keys_of(output, self.layer)
        if isinstance(output, Text | Digits):
            return text_keys(output.text, output.slot, self.layer)
        return {self.layer.address(output.shows, output.slot) or ""}

    def _messages(self, output: Output) -> Messages:
        if isinstance(output, Light):
            return self._light(output, look_of(output, self.layer))
        if isinstance(output, Text):
            return self._text(output, fill_text(output.text, output.slot, self.layer))
        if isinstance(output, Digits):
            return _digits(output, fill_text(output.text, output.slot, self.layer))
        value = self.layer.world.value(self.layer.address(output.shows, output.slot) or "")
        if isinstance(output, Meter):
            return _meter(output, value)
        return _position(output, value)

    def _blank(self, output: Output) -> Messages:
        if isinstance(output, Light):
            return self._light(output, "off")
        if isinstance(output, Text):
            return self._text(output, "")
        if isinstance(output, Digits):
            return _digits(output, "")
        return _meter(output, None) if isinstance(output, Meter) else _position(output, None)

    def _light(self, light: Light, look_name: str) -> Messages:
        look = light.looks[look_name]
        if look.rgb is not None:
            return (light_message(self.layer.map.rgb, light.control.number, look.rgb),)
        under = (_lamp(light.control, look.under),) if look.under is not None else ()
        return (*under, _lamp(light.control, look))

    def _text(self, text: Text, words: str) -> Messages:
        shown = words[: text.width].ljust(text.width)
        return (text_message(self.layer.map.display, text.offset, shown),)


def _lamp(control: Control, look: Look) -> mido.Message:
    if control.kind == "note":
        return mido.Message("note_on", note=control.number, velocity=look.velocity, channel=look.channel)
    return mido.Message("control_change", control=control.number, value=look.velocity, channel=look.channel)


def _digits(digits: Digits, words: str) -> Messages:
    """Right-aligned. The figures' character set is ASCII without its upper bits."""
    shown = words[-len(digits.numbers) :].rjust(len(digits.numbers)).upper()
    return tuple(
        mido.Message("control_change", control=number, value=ord(character) & 0x3F)
        for number, character in zip(digits.numbers, shown, strict=True)
    )


def _meter(meter: Meter, level_db: Any) -> Messages:
    """A meter falls by itself, so a level that stays is said again each time it is told."""
    step = 0 if level_db is None else sum(level_db >= floor_db for floor_db in meter.steps_db)
    return (mido.Message("aftertouch", value=meter.strip * 16 + step),)


def _position(position: Position, value: Any) -> Messages:
    low, high = position.values
    share = 0.0 if value is None else position.curve.position(float(value))
    place = round(low + (high - low) * share)
    if position.control.kind == "bend":
        return (_going_to(position.control, min(place, BEND_MAX)),)
    # A ring of which nothing is known is dark; at the lower end of its values a lamp may be on.
    return (_going_to(position.control, 0 if value is None else place),)


def _going_to(control: Control, value: int) -> mido.Message:
    channel = control.channel or 0
    if control.kind == "bend":
        return mido.Message("pitchwheel", pitch=value - 8192, channel=channel)
    return mido.Message("control_change", control=control.number, value=value, channel=channel)
