"""A controller's layout as text, a picture for each page: what its map says, where the hand finds it.

    note 81  lock T1        lock T2        lock T3        lock T4        prompt 1   …
    note 71  regenerate T1  regenerate T2  …

T1 is the first track shown. Of the pages after the first one only rows that differ are drawn.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from bridge.midi_control import Control
from bridge.midi_map import Binding, ControllerMap, Scope

UNUSED = "."


def pictures(controller_map: ControllerMap) -> str:
    """A heading and a picture for each page, then what modifiers that are held make of controls."""
    first, *others = controller_map.names.pages
    base = _rows(controller_map, first)
    blocks = [_block(f"page {first}:" if first else "", base)]
    for page in others:
        rows = [row for row in _rows(controller_map, page) if row not in base]
        blocks.append(_block(f"page {page}, the rest as on page {first}:", rows))
    held = [_held(controller_map, modifier) for modifier in controller_map.names.modifiers]
    return "\n".join([*blocks, *(block for block in held if block)])


def _block(head: str, rows: list[list[str]]) -> str:
    """Columns as wide as their widest cell."""
    columns = max((len(row) for row in rows), default=0)
    widths = [max((len(row[i]) for row in rows if i < len(row)), default=0) for i in range(columns)]
    lines = ["  ".join(cell.ljust(widths[i]) for i, cell in enumerate(row)).rstrip() for row in rows]
    return "\n".join(([head] if head else []) + lines) + "\n"


def _rows(controller_map: ControllerMap, page: str) -> list[list[str]]:
    return [
        [_first(row), *(_cell(controller_map, control, page) for control in row)]
        for row in controller_map.layout
    ]


def _first(row: tuple[Control | None, ...]) -> str:
    """What the row's first control says."""
    return str(next(control for control in row if control is not None))


def _cell(controller_map: ControllerMap, control: Control | None, page: str) -> str:
    if control is None:
        return ""
    modifiers = {held: name for name, held in controller_map.names.modifiers.items()}
    if control in modifiers:
        return f"hold: {modifiers[control]}"
    for binding in controller_map.bindings:
        if binding.control == control and not binding.scope.modifier and binding.scope.on(page, frozenset()):
            return label_of(binding)
    return UNUSED


def _held(controller_map: ControllerMap, modifier: str) -> str:
    """What else a modifier makes of controls, as a list: there is not enough for a picture."""
    found: dict[str, list[Binding]] = {}
    for binding in controller_map.bindings:
        if binding.scope.modifier == modifier:
            found.setdefault(binding.label or _what(binding), []).append(binding)
    lines = [f"  {_span(bindings)}{_where(bindings[0].scope)}: {what}" for what, bindings in found.items()]
    return f"held {modifier}:\n" + "\n".join(lines) + "\n" if lines else ""


def _span(bindings: list[Binding]) -> str:
    first, last = bindings[0].control, bindings[-1].control
    return str(first) if first == last else f"{first} … {last.number}"


def _where(scope: Scope) -> str:
    return f" (page {', '.join(scope.pages)})" if scope.pages else ""


def label_of(binding: Binding) -> str:
    """The map's own words and, in a row for tracks, which one."""
    if binding.turn is not None:
        return _turn(binding.turn)
    track = f" T{binding.slot + 1}" if "{t}" in binding.address else ""
    return (binding.label or _what(binding)) + track


def _turn(turn: tuple[str, str, int]) -> str:
    kind, name, by = turn
    if kind == "own":
        return "its own"
    return f"page {name}" if kind == "page" else f"{name} {by:+d}"


def _what(binding: Binding) -> str:
    """An address and its arguments in a few words."""
    if binding.turn is not None:
        return _turn(binding.turn)
    words = binding.address.removeprefix("/rg/").removeprefix("track/").removeprefix("{t}/").replace("/", " ")
    args = [str(arg).split()[0].lstrip("$") for arg in binding.args if arg not in ("$toggle", "$value", "")]
    return " ".join([words.replace("*", "all"), *args])


def readme_with_pictures(text: str, maps: Mapping[str, ControllerMap]) -> str:
    """A README with what stands between `<!-- picture NAME -->` and `<!-- /picture -->` drawn anew."""

    def drawn(match: re.Match[str]) -> str:
        return f"<!-- picture {match[1]} -->\n```\n{pictures(maps[match[1]])}```\n<!-- /picture -->"

    return re.sub(r"<!-- picture (\w+) -->\n.*?<!-- /picture -->", drawn, text, flags=re.DOTALL)
