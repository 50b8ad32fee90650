"""What a controller has to know of the engine: the newest values, the scenes, the last prompt.

Event --note--> names of what changed: "/rg/track/bass/lock", "/rg/track/bass/param density", "$scenes"
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from bridge.midi_args import value_key
from bridge.osc_codec import encode
from bridge.osc_spec import OUTPUTS, VALUES
from engine import events as e

SCENES, PROMPT = "$scenes", "$prompt"
PADS = "midi"  # the client that controllers ask as
SCENES_CHANGED = (e.SceneSaved, e.SceneDeleted, e.SetOpened)


class World:
    """Shared by all controllers. Everything on the control thread."""

    def __init__(self, tracks: Sequence[str], list_scenes: Callable[[], None]) -> None:
        """`list_scenes` asks for the names of the scenes, which come in as replies."""
        self.tracks = tuple(tracks)
        self.list_scenes = list_scenes
        self.values: dict[str, tuple[Any, ...]] = {}
        self.beat = (0, 0)  # bar and beat, from 1; 0 before the first
        self.scenes: list[str] = []
        self.saving: set[str] = set()  # asked to be saved, and not in the list yet
        self.scene = ""  # the one loaded or saved last
        self.scene_asked = ""  # one that is being loaded
        self.prompt: str | None = None  # what a pad asked for last

    # --- in ---------------------------------------------------------------------------------------

    def note(self, event: e.Event) -> set[str]:
        """Take in an event; the names of what is different now."""
        if isinstance(event, e.Beat):
            self.beat = event.bar, event.beat
            return {"/rg/beat"}
        changed = self._note_scenes(event) | self._note_asking(event)
        row = OUTPUTS.get(type(event))
        if row is None or row.reply or row.address not in VALUES:
            return changed
        address, values = encode(event)
        key = value_key(address, values)
        kept = tuple(values if key == address else values[1:])
        if self.values.get(key) != kept:
            self.values[key] = kept
            changed.add(key)
        return changed

    def _note_asking(self, event: e.Event) -> set[str]:
        """Somebody else has asked for other words, which are not told: no pad has the last ones any more."""
        if not isinstance(event, e.Accepted) or event.origin.client == PADS or self.prompt is None:
            return set()
        if not _is_asking(event.origin.command):
            return set()
        self.prompt = None
        return {PROMPT}

    def _note_scenes(self, event: e.Event) -> set[str]:
        if isinstance(event, e.Reply) and event.address == "/rg/scene/name":
            return self._list(event.values)
        if isinstance(event, e.SceneLoaded | e.SceneSaved):
            self.scene, self.scene_asked = event.name, ""
        elif isinstance(event, e.SetOpened):
            self.scene = self.scene_asked = ""
            self.saving.clear()
        elif isinstance(event, e.Failed) and event.origin.command == "/rg/scene/load":
            self.scene_asked = ""
        elif not isinstance(event, e.SceneDeleted):
            return set()
        if isinstance(event, SCENES_CHANGED):
            self.list_scenes()
        return {SCENES}

    def _list(self, row: tuple[int | float | str, ...]) -> set[str]:
        """One line of the list; the last one completes it."""
        index, count, name = int(row[0]), int(row[1]), str(row[2])
        if index <= 1:
            self.scenes = []
        if count:
            self.scenes.append(name)
        self.saving.discard(name)
        return {SCENES} if index == count else set()

    def asked(self, address: str, args: Sequence[Any]) -> set[str]:
        """A pad asks for this: the names of what changes by the asking alone."""
        if address == "/rg/scene/save":
            self.saving.add(str(args[0]))
        if address == "/rg/scene/load":
            self.scene_asked = str(args[0])
            return {SCENES}
        if _is_asking(address):
            self.prompt = str(args[0]) if args else None
            return {PROMPT}
        return set()

    # --- questions --------------------------------------------------------------------------------

    def value(self, key: str, index: int = 0) -> Any:
        """A value of the contract, or None while it is not known."""
        values = self.values.get(key, ())
        return values[index] if index < len(values) else None

    def all_on(self, address: str) -> bool:
        """Whether a flag is on; with `*` for a track, whether it is on all of them."""
        if "*" not in address:
            return bool(self.value(address))
        found = [self.value(address.replace("*", track)) for track in self.tracks]
        known = [value for value in found if value is not None]
        return bool(known) and all(known)

    def takes(self, track: str) -> tuple[int, int]:
        """(current take, how many), 0 for none."""
        number, count = self.values.get(f"/rg/track/{track}/take", (0, 0))
        return int(number), int(count)


def _is_asking(address: str) -> bool:
    return address == "/rg/generate" or address.endswith("/regenerate")
