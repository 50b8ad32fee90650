"""Where an address leads in the contract's table: exactly, for a track, or by a pattern."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bridge.osc_pattern import is_pattern, matches, part_matches
from bridge.osc_spec import INPUTS, ROWS, TRACK, VALUES, Row
from engine.errors import EngineError, unknown

MAX_SHOWN = 80  # characters of an unknown address that are looked at, and sent back


@dataclass(frozen=True)
class Place:
    """An address of the table: what may be sent there, and the value that has its feedback there."""

    template: str
    input: Row | None
    output: Row | None


PLACES: dict[str, Place] = {
    row.address: Place(row.address, INPUTS.get(row.address), VALUES.get(row.address))
    for row in ROWS
    if row.address in INPUTS or row.address in VALUES
}
LEAVES = {
    place.template.removeprefix(TRACK + "/"): place for place in PLACES.values() if "{t}" in place.template
}
ADDRESSES = frozenset(row.address for row in ROWS)
UNFOLDING = {row.address: row for row in ROWS if row.unfolds}
PLAIN = {template: place for template, place in PLACES.items() if "{t}" not in template}


def folded(address: str, args: Sequence[Any]) -> list[tuple[str, tuple[Any, ...]]]:
    """A message whose address spells its first argument out, as the table has it; any other as it is.

    /rg/track/bass/param/density 0.5 -> /rg/track/bass/param "density" 0.5
    """
    return [(stem, (name, *args)) for stem, name in spelled_out(address)] or [(address, tuple(args))]


def spelled_out(address: str) -> list[tuple[str, str]]:
    """Row's address and first argument of what an address spells out; none for most addresses."""
    stem, _, last = address.rpartition("/")
    row = UNFOLDING.get(template_of(stem))
    return [(stem, name) for name, *_ in row.unfolds if part_matches(last, name)] if row else []


def unfolded(address: str, args: Sequence[Any]) -> tuple[str, tuple[Any, ...]] | None:
    """The inverse; None for what cannot be spelled out."""
    if template_of(address) not in UNFOLDING or not args:
        return None
    return f"{address}/{args[0]}", tuple(args[1:])


def find_places(address: str, tracks: Sequence[str]) -> list[tuple[Place, str]]:
    """Every place that `address` reaches, with the tracks it means: a name, "*", names with commas, or "".

    EngineError `unknown` names the nearest address or the tracks. Patterns reach no rows of the server's
    own: `/rg/*` shall not quit.
    """
    if address in PLAIN:
        return [(PLAIN[address], "")]
    parts = address.split("/", 4)
    if parts[:3] == ["", "rg", "track"] and len(parts) == 5 and parts[4] in LEAVES:
        return [(LEAVES[parts[4]], select_tracks(parts[3], tracks))]
    found = _match_places(address, tracks) if is_pattern(address) else []
    if not found:
        raise unknown_address(address, tracks)
    return found


def template_of(address: str) -> str:
    """`/rg/track/bass/lock` as the table has it: `/rg/track/{t}/lock`."""
    parts = address.split("/", 4)
    if parts[:3] != ["", "rg", "track"] or len(parts) < 5:
        return address
    return f"{TRACK}/{parts[4]}"


def select_tracks(pattern: str, tracks: Sequence[str]) -> str:
    """A `{t}` of an address as a command's `track`; EngineError `unknown` where there is none."""
    if pattern in tracks or pattern == "*":
        return pattern
    names = [name for name in tracks if part_matches(pattern, name)] if is_pattern(pattern) else []
    if not names:
        raise unknown("track", pattern[:MAX_SHOWN], tracks)
    return ",".join(names)


def _match_places(address: str, tracks: Sequence[str]) -> list[tuple[Place, str]]:
    found = [
        (place, "")
        for template, place in PLAIN.items()
        if not (place.input and place.input.server) and matches(address, template)
    ]
    for place in LEAVES.values():
        names = [name for name in tracks if matches(address, place.template.replace("{t}", name))]
        if names:
            found.append((place, ",".join(names)))
    return found


def unknown_address(address: str, tracks: Sequence[str]) -> EngineError:
    """Compared with its own kind only: a few dozen short words, so that a flood of them stays cheap."""
    shown = address[:MAX_SHOWN]
    if address in ADDRESSES:
        return EngineError("unknown", f"{address} is only sent by the engine, and has no present value")
    parts = shown.split("/", 4)
    if parts[:3] == ["", "rg", "track"] and len(parts) == 5:
        error = unknown("address", parts[4], LEAVES)
        return EngineError(error.code, f"{shown}: {error.text}")
    return unknown("address", shown, PLAIN)
