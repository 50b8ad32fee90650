"""What the user's controllers have learned: bindings in a file of the same format as maps.

    [[bind]]
    port = "nanoKONTROL2"          # the part of its port's name that stays from one plugging in to the next
    cc = 16
    channel = 1
    address = "/rg/track/bass/param"
    args = ["density", "$value"]

A file that cannot be read is told of and kept: the next thing learned moves it aside.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bridge.atomic_file import disk_errors, publish_over
from bridge.midi_map import Binding
from bridge.midi_map_file import LEARNED, parse_map
from engine.config import read_toml_text
from engine.errors import EngineError

HEAD = """\
# What your controllers have learned by /rg/midi/learn, written anew with everything that is learned or
# forgotten. Entries are those of a map; `port` is a part of the name of the port that they are for.
"""
KEYS = (
    "port", "note", "cc", "cc14", "bend", "program", "channel", "on", "address", "args", "range", "points",
    "encoder", "step", "pickup",
)  # fmt: skip


class Learned:
    """Entries and, read by the same rules as a map, their bindings. `save` is for a thread that may wait."""

    def __init__(self, folder: Path, tracks: Sequence[str]) -> None:
        self.path = folder / f"{LEARNED}.toml"
        self.tracks = tuple(tracks)
        self.entries: list[dict[str, Any]] = []
        self.bindings: list[Binding] = []
        self.damaged = False

    def load(self) -> None:
        """EngineError where the file is damaged: nothing is learned then, and the file stays."""
        if not self.path.exists():
            return
        try:
            controller_map = parse_map(read_toml_text(self.path), str(self.path), self.tracks)
        except EngineError as error:
            self.damaged = True
            text = f"{error.text}; nothing that was learned is in use until the file is mended or moved away"
            raise EngineError(error.code, text) from None
        self.bindings = list(controller_map.bindings)
        self.entries = [entry_of(binding) for binding in self.bindings]

    def for_port(self, port: str) -> list[Binding]:
        """What belongs to a port of this name; without a name, what belongs to any."""
        return [b for b in self.bindings if b.port.casefold() in port.casefold()]

    @property
    def ports(self) -> list[str]:
        return list(dict.fromkeys(binding.port for binding in self.bindings if binding.port))

    # --- changing ---------------------------------------------------------------------------------

    def check(self, entry: dict[str, Any]) -> Binding:
        """An entry as a binding; EngineError says what is wrong with it."""
        return parse_map(self._text([entry]), "what is learned", self.tracks).bindings[0]

    def add(self, entry: dict[str, Any]) -> Binding:
        """Take in an entry, in the place of what the same control of the same port did on the same page."""
        binding = self.check(entry)
        same = [known for known in self.bindings if _is_same_control(known, binding)]
        self._keep([known for known in self.bindings if known not in same] + [binding])
        return binding

    def remove(self, address: str, args: tuple[Any, ...] = ()) -> int:
        """Forget what was learned for an address (beginning with these arguments); how much that was."""
        gone = [b for b in self.bindings if b.address == address and b.args[: len(args)] == args]
        self._keep([binding for binding in self.bindings if binding not in gone])
        return len(gone)

    def _keep(self, bindings: list[Binding]) -> None:
        self.bindings = bindings
        self.entries = [entry_of(binding) for binding in bindings]

    # --- the file ---------------------------------------------------------------------------------

    def text(self) -> str:
        return self._text(self.entries)

    def _text(self, entries: Sequence[dict[str, Any]]) -> str:
        pages = sorted({page for entry in entries for page in entry.get("on", ())})
        head = f"{HEAD}\nname = {_toml('Learned')}\n" + (f"pages = {_toml(pages)}\n" if pages else "")
        return head + "".join(_table(entry) for entry in entries)

    def save(self, text: str) -> None:
        """The whole file, or the old one as it was. EngineError `disk`."""
        with disk_errors(self.path, "set [folders] controllers to another folder"):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if self.damaged:
                self.path.replace(self._aside())
                self.damaged = False
            publish_over(self.path, text.encode("utf-8"))

    def _aside(self) -> Path:
        """A name that is free, for the damaged file."""
        number = 1
        while (path := self.path.with_suffix(f".toml.damaged-{number}")).exists():
            number += 1
        return path


def entry_of(binding: Binding) -> dict[str, Any]:
    """A binding as an entry of the file."""
    control = binding.control
    entry: dict[str, Any] = {"port": binding.port} if binding.port else {}
    if control.kind == "bend":
        assert control.channel is not None
        entry["bend"] = control.channel + 1
    else:
        entry[control.kind] = control.number
        if control.channel is not None:
            entry["channel"] = control.channel + 1
    if binding.scope.pages:
        entry["on"] = list(binding.scope.pages)
    entry |= {"address": binding.address, "args": list(binding.args)}
    points = binding.curve.points
    if "$value" in binding.args:
        entry |= {"range": [value for _, value in points]} if len(points) == 2 else {"points": points}
    if binding.encoder:
        entry |= {"encoder": binding.encoder, "step": binding.step}
    if binding.pickup:
        entry["pickup"] = True
    return entry


def _is_same_control(one: Binding, other: Binding) -> bool:
    return (one.control, one.port, one.scope) == (other.control, other.port, other.scope)


def _table(entry: dict[str, Any]) -> str:
    return "\n[[bind]]\n" + "".join(f"{key} = {_toml(entry[key])}\n" for key in KEYS if key in entry)


def _toml(value: Any) -> str:
    """Texts, numbers, flags and lists of them: JSON is TOML there, but for one character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
