"""What a session for Open Stage Control hears without being seen: variables, and the scripts that put what
they heard into a text, a light or a menu.

Such a script may not send: what has to be asked then is asked by the tick of connection.js.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from bridge.osc_spec import Arg
from bridge.panels.arrangement import Control
from bridge.panels.contract import told

Widget = dict[str, Any]


def _variable(name: str, address: str, script: str) -> Widget:
    return {"type": "variable", "id": name, "address": address, "bypass": True, "onValue": script}


def connection() -> list[Widget]:
    """An answer shows that the engine is there; the other values are for connection.js."""
    there = 'set("answered", Date.now(), {send: false}); set("connected", 1, {send: false}); '
    hello, pong = "globals.greeted = true", "if (value === globals.pinged) globals.ponged = value"
    return [
        {"type": "variable", "id": "answered", "bypass": True},
        {"type": "variable", "id": "changes", "bypass": True},
        _variable("heard_hello", "/rg/hello", there + hello),
        _variable("heard_pong", "/rg/pong", there + pong),
    ]


def needs_variable(control: Control) -> bool:
    """A text widget shows one text as it is; numbers, and several arguments, have to be put in words."""
    args = told(control.row) or ()
    return bool(control.format) or control.lines > 1 or len(args) != 1 or args[0].type != "s"


def unseen(control: Control) -> Iterator[Widget]:
    if control.kind == "show" and needs_variable(control):
        words = _words(control, told(control.row) or ())
        if control.lines > 1:
            words = f'(locals.told = (locals.told || []).concat({words}).slice(-{control.lines})).join("\\n")'
        script = f'set("{control.id}", {words}, {{send: false}})'
        yield _variable(f"{control.id}_heard", control.address, script)
    if control.list:
        yield from _names(control)


def _words(control: Control, args: Sequence[Arg]) -> str:
    """`{0} of {1}` as an expression: `"" + [].concat(value)[0] + " of " + [].concat(value)[1]`."""
    parts = [part for part in re.split(r"(\{\d\})", control.format or "{0}") if part]
    words = []
    for part in parts:
        if not re.fullmatch(r"\{\d\}", part):
            words.append(json.dumps(part, ensure_ascii=False))
            continue
        heard = f"[].concat(value)[{part[1]}]"
        is_number = args[int(part[1])].type != "s"
        words.append(f"Math.round({heard} * 100) / 100" if is_number else heard)
    return " + ".join(['""', *words])


def _names(control: Control) -> Iterator[Widget]:
    """A menu is filled by lines of index, count and name; its last line brings the whole of it."""
    script = (
        "if (value[0] <= 1) locals.names = []\n"
        "if (value[0] > 0) locals.names.push(value[2])\n"
        f'if (value[0] === value[1]) set("{control.id}_names", locals.names, {{send: false}})'
    )
    yield {"type": "variable", "id": f"{control.id}_names", "bypass": True}
    yield _variable(f"{control.id}_lines", control.list, script)
    for address in control.asks_after:
        name = f"{control.id}_after_{address.strip('/').replace('/', '_')}"
        yield _variable(name, address, 'set("changes", (get("changes") || 0) + 1, {send: false})')
