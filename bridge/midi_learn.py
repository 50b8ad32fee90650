"""MIDI learn: the next pad, key, knob or fader is bound to an address, and kept.

    learn("/rg/track/bass/param", "density")   -> Accepted
    somebody turns a knob                      -> kept in learned.toml -> Learned(trigger, …), Done
    nobody does, or another learn comes        -> Failed

Everything on the control thread, but for the file.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from bridge.midi_args import COMMANDS, default_args, find_row, read_args, write_args
from bridge.midi_control import Control, Move, read_move
from bridge.midi_device import Device
from bridge.midi_heard import Heard, Kind, is_wide
from bridge.midi_learned import Learned
from bridge.midi_overlay import displaced
from bridge.midi_wide import COARSE_MAX, FINE, halves
from bridge.midi_words import follows_position
from bridge.osc_spec import Row
from engine import events as e
from engine.errors import EngineError

log = logging.getLogger(__name__)

LEARN_S = 30.0
# What a knob runs over where the whole range would be too coarse under a hand.
KNOB_RANGES = {"/rg/track/{t}/volume": [-60.0, 6.0]}


@dataclass
class Asked:
    """What is to be learned, who asked, and the controls that have moved since."""

    origin: e.Origin
    row: Row
    address: str
    args: tuple[Any, ...]
    until_s: float
    heard: dict[tuple[int, Control], tuple[Device, Heard]]


class Learner:
    """One address at a time. `changed` is called when controllers have something else to do or to open."""

    def __init__(
        self,
        learned: Learned,
        pickup: bool,
        publish: Callable[[e.Event], None],
        post: Callable[[Callable[[], None]], None],
        changed: Callable[[], None],
    ) -> None:
        self.learned = learned
        self.pickup = pickup
        self.publish = publish
        self.post = post
        self.changed = changed
        self.asked: Asked | None = None
        self.swallowed: set[tuple[int, Control]] = set()
        self._writer = ThreadPoolExecutor(1, "learned")

    @property
    def is_learning(self) -> bool:
        return self.asked is not None

    # --- asking -----------------------------------------------------------------------------------

    def learn(self, address: str, args: str, origin: e.Origin) -> None:
        """EngineError for what can be bound to nothing; a learn that is under way is given up."""
        tracks = (*self.learned.tracks, "*")
        row = find_row(address, COMMANDS, tracks, "midi/learn")
        given = read_args(row, args, f"midi/learn {address}")
        self._check(row, address, given)
        self._fail("cancelled", "another address is learned instead")
        self.publish(e.Accepted(origin))
        self.asked = Asked(origin, row, address, given, time.monotonic() + LEARN_S, {})
        self.changed()

    def _check(self, row: Row, address: str, given: tuple[Any, ...]) -> None:
        """Whether a knob or a pad, one of them at least, could do it."""
        errors = []
        for is_pad in (False, True):
            try:
                self.learned.check(self._entry(Kind(Control("cc", 0), is_pad), row, address, given))
            except EngineError as error:
                errors.append(error)
        if len(errors) == 2:
            raise errors[0]

    def cancel(self) -> None:
        """EngineError `empty` where nothing is being learned."""
        if self.asked is None:
            raise EngineError("empty", "nothing is being learned")
        self._fail("cancelled", "learning was given up")
        self.changed()

    def unlearn(self, address: str, args: str, origin: e.Origin) -> None:
        """EngineError `not_found` where nothing was learned for it."""
        row = find_row(address, COMMANDS, (*self.learned.tracks, "*"), "midi/unlearn")
        given = read_args(row, args, f"midi/unlearn {address}")
        if not self.learned.remove(address, given):
            known = ", ".join(sorted({binding.address for binding in self.learned.bindings})) or "nothing"
            what = f"{address} {args}".rstrip()
            raise EngineError("not_found", f"nothing was learned for {what}; learned so far: {known}")
        self.publish(e.Accepted(origin))
        self.changed()
        self._save(origin)

    # --- listening --------------------------------------------------------------------------------

    def takes(self, device: Device, message: Any) -> bool:
        """Whether a message is the learner's, and nobody else's."""
        move = read_move(message)
        if move is None:
            return False
        place = id(device), move.control
        if place in self.swallowed and not move.pressed:
            self.swallowed.discard(place)
            return True
        if self.asked is None or device.controller.turns_pages(move):
            return False
        self._hear(self.asked, device, move)
        return True

    def _hear(self, asked: Asked, device: Device, move: Move) -> None:
        if move.kind in ("note", "program") and not move.pressed:
            return  # it was held when learning began
        _, heard = asked.heard.setdefault((id(device), move.control), (device, Heard(move.control)))
        now_s = time.monotonic()
        heard.add(move, now_s)
        self._settle(asked, device, heard, now_s)

    def step(self) -> None:
        """What has become clear by waiting."""
        asked, now_s = self.asked, time.monotonic()
        if asked is None:
            return
        for device, heard in list(asked.heard.values()):
            if self.asked is asked:
                self._settle(asked, device, heard, now_s)
        if self.asked is asked and now_s >= asked.until_s:
            self._fail("not_found", f"nothing moved within {LEARN_S:.0f} s; is the controller plugged in?")
            self.changed()

    def _settle(self, asked: Asked, device: Device, heard: Heard, now_s: float) -> None:
        kind = self._wide_kind(asked, device, heard) or heard.kind(now_s)
        if kind is None:
            return
        entry = self._entry(kind, asked.row, asked.address, asked.args) | {"port": device.stable_port}
        if any(device.map.names.pages):
            entry["on"] = [device.controller.layer.page]
        try:
            before = displaced(device.map, self.learned.check(entry))
            binding = self.learned.add(entry)
        except EngineError as error:
            self._fail(error.code, f"{kind.control}: {error.text}")
            self.changed()
            return
        if kind.is_pad and heard.values[-1]:
            self.swallowed.add((id(device), kind.control))
        self.asked = None
        had = ", ".join(f"{b.address} {write_args(b.args)}".rstrip() for b in before)
        trigger = f"{device.name}: {binding.control}"
        self.publish(e.Log("info", f"{trigger} is {asked.address} now" + (f", and was {had}" if had else "")))
        self.publish(
            e.Reply(asked.origin, "/rg/midi/learned", (trigger, asked.address, write_args(binding.args), had))
        )
        self.changed()
        self._save(asked.origin)

    @staticmethod
    def _wide_kind(asked: Asked, device: Device, heard: Heard) -> Kind | None:
        """A knob of 14 bits says two things with every move; None for any other control."""
        control = heard.control
        for number in (control.number, control.number - FINE):
            wide = Control("cc14", number, control.channel)
            found = [asked.heard.get((id(device), half)) for half in halves(wide)]
            both = [entry[1] for entry in found if entry is not None]
            if control.kind == "cc" and 0 <= number <= COARSE_MAX and len(both) == 2 and is_wide(*both):
                return Kind(wide, False)
        return None

    def _entry(self, kind: Kind, row: Row, address: str, given: tuple[Any, ...]) -> dict[str, Any]:
        """What is to be kept. EngineError where such a control cannot supply what the address wants."""
        args = default_args(row, given, kind.is_pad, address)
        control = kind.control
        entry: dict[str, Any] = {"address": address, "args": list(args)}
        if control.kind == "bend":
            entry["bend"] = (control.channel or 0) + 1
        else:
            entry[control.kind] = control.number
            if control.channel is not None:
                entry["channel"] = control.channel + 1
        if kind.encoder:
            entry["encoder"] = kind.encoder
        elif follows_position(args) and not kind.is_pad and self.pickup:
            entry["pickup"] = True
        if "$value" in args and row.address in KNOB_RANGES:
            entry["range"] = KNOB_RANGES[row.address]
        return entry

    # --- answering --------------------------------------------------------------------------------

    def _fail(self, code: str, text: str) -> None:
        asked, self.asked = self.asked, None
        if asked is not None:
            self.publish(e.Failed(asked.origin, code, text))

    def _save(self, origin: e.Origin) -> None:
        """Answered when the file has it."""
        text = self.learned.text()

        def write() -> None:
            try:
                self.learned.save(text)
            except EngineError as error:
                failed = e.Failed(origin, error.code, f"{error.text}; it is in use until the engine ends")
                self.post(lambda: self.publish(failed))
            else:
                self.post(lambda: self.publish(e.Done(origin)))

        self._writer.submit(write)

    def close(self) -> None:
        self._fail("cancelled", "the engine ends")
        self._writer.shutdown()
