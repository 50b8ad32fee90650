"""A controller's map with what was learned for it: the learned takes the place of what the control did.

on a controller with pages, only on the page that it was learned on
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from bridge.midi_control import MIDI_MAX, Control
from bridge.midi_map import Binding, ControllerMap, Light, Output, Position, Scope
from bridge.midi_shown import VALUE_ROWS, is_shown
from bridge.midi_wide import halves
from bridge.midi_words import VALUE
from bridge.osc_spec import Row

Entry = TypeVar("Entry", Binding, Light)
TRACK = "/rg/track/"
# What a track's state tells of.
MAKING = ("/regenerate", "/bars", "/import", "/undo", "/redo", "/take", "/cancel")


def overlay(below: ControllerMap, learned: Sequence[Binding]) -> ControllerMap:
    """The map to work by; `below` itself where nothing was learned."""
    if not learned:
        return below
    bindings: list[Binding] = list(below.bindings)
    outputs: list[Output] = list(below.outputs)
    for binding in learned:
        bindings = [left for old in bindings for left in _give_way(old, binding)]
        shown = _output(binding, below)
        if shown is not None:
            outputs = [left for old in outputs for left in _output_gives_way(old, binding)] + [shown]
    return replace(below, bindings=(*bindings, *learned), outputs=tuple(outputs))


def displaced(below: ControllerMap, learned: Binding) -> list[Binding]:
    """What a control did where it does something else from now on."""
    return [b for b in below.bindings if _meet(b, learned) and _give_way(b, learned) != [b]]


def _meet(entry: Entry, learned: Binding) -> bool:
    """Whether an entry is of the learned control, and not for a modifier of its own."""
    return _same(entry.control, learned.control) and not entry.scope.modifier


def _same(one: Control, learned: Control) -> bool:
    """Whether a control is the learned one, or half of it."""
    whole = (learned, *halves(learned)) if learned.kind == "cc14" else (learned,)
    return any(_is(one, part) for part in whole)


def _is(one: Control, other: Control) -> bool:
    channels = one.channel is None or other.channel is None or one.channel == other.channel
    return (one.kind, one.number) == (other.kind, other.number) and channels


def _give_way(entry: Entry, learned: Binding) -> list[Entry]:
    """An entry as it stays beside the learned: on fewer pages, or not at all."""
    if not _meet(entry, learned):
        return [entry]
    if not learned.scope.pages:
        return []
    if entry.scope.pages:
        left = tuple(page for page in entry.scope.pages if page not in learned.scope.pages)
        return [replace(entry, scope=Scope(left))] if left else []
    return [replace(entry, scope=Scope(but=(*entry.scope.but, *learned.scope.pages)))]


def _output_gives_way(output: Output, learned: Binding) -> Sequence[Output]:
    return _give_way(output, learned) if isinstance(output, Light) else [output]


def _output(binding: Binding, below: ControllerMap) -> Light | Position | None:
    """A learned pad shows what it sets, or what its track does; none where the map knows no lights."""
    if not below.looks or binding.control.kind not in ("note", "cc"):
        return None
    if binding.follows_value and binding.control.kind == "cc":
        return _ring(binding)
    return Light(binding.control, _shows(binding.address), below.looks, scope=binding.scope)


def _ring(binding: Binding) -> Position | None:
    """A learned knob is told the value that others set, for the ring around it or its motor: a light's number
    would be a place to go to. None where it is endless, or not one number's."""
    *shows, word = (binding.address, *binding.args)
    is_number = word == VALUE and not binding.choices and _row(binding.address) is not None
    if binding.encoder or not is_number:
        return None
    ends = (0, MIDI_MAX)
    return Position(binding.control, " ".join(map(str, shows)), binding.curve, ends, scope=binding.scope)


def _shows(address: str) -> str:
    row = _row(address)
    if row is not None and is_shown(row):
        return address
    track, _, leaf = address.removeprefix(TRACK).partition("/")
    is_making = address.startswith(TRACK) and track != "*" and f"/{leaf}" in MAKING
    return f"{TRACK}{track}/state" if is_making else "$bound"


def _row(address: str) -> Row | None:
    """The row of the value behind an address; None where there is none, or one for each track."""
    if not address.startswith(TRACK):
        return VALUE_ROWS.get(address)
    track, _, leaf = address.removeprefix(TRACK).partition("/")
    return None if track == "*" else VALUE_ROWS.get(f"{TRACK}{{t}}/{leaf}")
