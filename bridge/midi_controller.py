"""Pads to messages of the contract, events to lights. No port, no thread: data in, data out.

Message --receive--> submit_osc(address, args)          names of values --show--> send(Message)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import mido

from bridge.midi_control import WIDE, Control, Move, read_move, ticks
from bridge.midi_fill import Fill, current_value
from bridge.midi_layer import Layer
from bridge.midi_map import Binding, ControllerMap, Position
from bridge.midi_panel import Panel
from bridge.midi_pickup import NEAR, Pickup
from bridge.midi_wide import WideKnobs
from bridge.midi_world import World
from engine.errors import EngineError


class MidiController:
    """One controller at work. Everything is called on the control thread.

    `submit_osc` takes an address of the contract and its arguments, and reports refusals itself; `refuse`
    takes the error of a press that has nothing to ask for; `changed` the names of what a press changes here.
    """

    def __init__(
        self,
        controller_map: ControllerMap,
        world: World,
        submit_osc: Callable[[str, list[Any]], None],
        send: Callable[[mido.Message], None],
        refuse: Callable[[EngineError], None],
        changed: Callable[[set[str]], None] | None = None,
    ) -> None:
        self.world = world
        self.submit_osc = submit_osc
        self.refuse = refuse
        self.send = send
        self.changed = changed or self.show
        self.layer = Layer(controller_map, world)
        self.down: set[Control] = set()
        self.pickup = Pickup()
        self.panel = Panel(self.layer, send)
        self.use(controller_map)

    @property
    def map(self) -> ControllerMap:
        return self.layer.map

    def use(self, controller_map: ControllerMap) -> None:
        """Work by this map from now on: the same one with other bindings; page and lists stay.

        What its lights show is said by the next `show` of a page, or `refresh`.
        """
        self.layer.map = controller_map
        self.bindings: dict[tuple[str, int], list[Binding]] = {}
        for binding in controller_map.bindings:
            self.bindings.setdefault((binding.control.kind, binding.control.number), []).append(binding)
        positions = (output for output in controller_map.outputs if isinstance(output, Position))
        self.touches = {position.touch for position in positions if position.touch is not None}
        self.touches.update(controller_map.touches)
        self.wide = WideKnobs(binding.control for binding in controller_map.bindings)

    # --- in ---------------------------------------------------------------------------------------

    def receive(self, message: mido.Message) -> None:
        """A message of the controller; one that nothing is bound to does nothing."""
        move = read_move(message)
        if move is None:
            return
        self._move(move)
        joined = self.wide.join(move)
        if joined is not None:
            self._move(joined)

    def _move(self, move: Move) -> None:
        self._touch(move)
        self._hold(move)
        self.panel.stand(move)
        changed = move.pressed != (move.control in self.down)
        (self.down.add if move.pressed else self.down.discard)(move.control)
        heard = [b for b in self.bindings.get((move.kind, move.number), ()) if b.control.hears(move)]
        for binding in self.layer.live(heard, lambda binding: binding.control):
            self._operate(binding, move, changed)
        if changed and not move.pressed and self.map.relight:
            self.panel.relight(move.control)

    def turns_pages(self, move: Move) -> bool:
        """Whether a control is the controller's own: a modifier, a page button, the touch of a fader."""
        heard = [b for b in self.bindings.get((move.kind, move.number), ()) if b.control.hears(move)]
        live = self.layer.live(heard, lambda binding: binding.control)
        own = (*self.map.names.modifiers.values(), *self.touches)
        return any(b.turn for b in live) or any(control.hears(move) for control in own)

    def let_go(self) -> None:
        """The controller is gone: nothing is pressed, held or touched any more."""
        self.down.clear()
        self.layer.held = frozenset()
        self.panel.touched.clear()
        self.panel.turn()

    def _touch(self, move: Move) -> None:
        for control in self.touches:
            if control.hears(move):
                self.panel.touch(control, move.pressed)

    def _hold(self, move: Move) -> None:
        for name, control in self.map.names.modifiers.items():
            if control.hears(move) and move.pressed != (name in self.layer.held):
                self.layer.held ^= {name}
                self.panel.turn()

    def _operate(self, binding: Binding, move: Move, changed: bool) -> None:
        """Knobs act on every move; pads, keys and buttons when they are pressed or let go."""
        # Two note-ons without a note-off between are two presses: pads that send no note-offs exist.
        is_press = move.pressed and (changed or move.kind in ("note", "program"))
        if binding.turn is not None:
            if is_press and self.layer.turn(*binding.turn):
                self.panel.turn()
        elif binding.encoder:
            self._turn_encoder(binding, ticks(binding.encoder, move.value))
        elif is_press or self._follows(binding, move) or (changed and "$gate" in binding.args):
            self._ask(binding, move)

    @staticmethod
    def _follows(binding: Binding, move: Move) -> bool:
        """A knob or fader whose every move counts."""
        return binding.follows_value and move.kind in ("cc", *WIDE)

    # --- asking -----------------------------------------------------------------------------------

    def _ask(self, binding: Binding, move: Move) -> None:
        address = self.layer.address(binding.address, binding.slot)
        if address is None:
            return
        if binding.pickup and self._follows(binding, move):
            target = self._position_of(binding, address)
            # A whole number stands for all positions that round to it.
            near = NEAR + (0.5 / binding.curve.span if binding.whole and binding.curve.span else 0.0)
            if not self.pickup.lets_through((binding, address), move.position, target, near):
                return
        self._submit(binding, address, Fill(binding, address, self.layer, move))

    def _turn_encoder(self, binding: Binding, clicks: int) -> None:
        address = self.layer.address(binding.address, binding.slot)
        if address is not None and clicks:
            self._submit(binding, address, Fill(binding, address, self.layer, None, clicks))

    def _submit(self, binding: Binding, address: str, fill: Fill) -> None:
        try:
            args = fill.args()
        except EngineError as error:
            self.refuse(error)
            return
        changed = self.world.asked(address, args)
        self.submit_osc(address, args)
        if changed:
            self.changed(changed)

    def _position_of(self, binding: Binding, address: str) -> float | None:
        """Where a knob would stand for the present value, 0..1."""
        value = current_value(binding, address, self.world)
        return None if value is None else binding.curve.position(value)

    # --- out --------------------------------------------------------------------------------------

    def show(self, keys: Iterable[str]) -> None:
        """Values of the world have changed: what looks different now is lit."""
        self.panel.update(keys)

    def refresh(self) -> None:
        """The controller's mode, then every light: at the start, and when it was plugged in again."""
        for message in self.map.init:
            self.send(message)
        self.panel.refresh()

    def dark(self) -> None:
        """Every light off, and the controller as it was: at the end."""
        self.panel.dark()
        for message in self.map.exit:
            self.send(message)
