"""Which of a map's entries hold now: the page shown, the modifiers held, how far its lists are scrolled."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Protocol, TypeVar

from bridge.midi_map import SCROLLED, ControllerMap, Scope
from bridge.midi_world import World


class Scoped(Protocol):
    @property
    def scope(self) -> Scope: ...


Entry = TypeVar("Entry", bound=Scoped)


class Layer:
    """Of one controller; its own, so that two Launchpads may show two pages."""

    def __init__(self, controller_map: ControllerMap, world: World) -> None:
        self.map = controller_map
        self.world = world
        self.page = controller_map.names.pages[0]
        self.held: frozenset[str] = frozenset()
        self.offsets = dict.fromkeys(SCROLLED, 0)

    def live(self, entries: Iterable[Entry], place: Callable[[Entry], Hashable]) -> list[Entry]:
        """The entries that hold here. What is meant for a modifier that is held takes its place from
        what is not."""
        here = [entry for entry in entries if entry.scope.on(self.page, self.held)]
        taken = {place(entry) for entry in here if entry.scope.modifier}
        return [entry for entry in here if entry.scope.modifier or place(entry) not in taken]

    # --- tracks, takes, scenes by their place -----------------------------------------------------

    def track(self, slot: int) -> str | None:
        """The track in a place of a row, or None where there are not so many."""
        index = slot + self.offsets["tracks"]
        return self.world.tracks[index] if index < len(self.world.tracks) else None

    def address(self, address: str, slot: int) -> str | None:
        """An address with its track; None where there is none."""
        if "{t}" not in address:
            return address
        track = self.track(slot)
        return None if track is None else address.replace("{t}", track)

    def take(self, number: int) -> int:
        return number + self.offsets["takes"]

    def scene(self, number: int) -> str | None:
        """The name of the n-th scene of the page, or None."""
        index = number - 1 + self.offsets["scenes"]
        return self.world.scenes[index] if index < len(self.world.scenes) else None

    def prompt(self, name: str, number: int) -> str | None:
        """The n-th prompt of a list of the map, None beyond its end."""
        prompts = self.map.names.prompts[name]
        index = number - 1 + self.offsets["prompts"]
        return prompts[index] if index < len(prompts) else None

    # --- turning pages ----------------------------------------------------------------------------

    def turn(self, what: str, name: str, by: int) -> bool:
        """Show another page, or scroll a list; whether that changed anything."""
        if what == "page":
            changed, self.page = self.page != name, name
            return changed
        if what == "own" or not self.can_scroll(name, by):
            return False
        self.offsets[name] = max(0, self.offsets[name] + by)
        return True

    def can_scroll(self, name: str, by: int) -> bool:
        """Whether there is something that way. New scenes are saved beyond the last one."""
        if by < 0:
            return self.offsets[name] > 0
        return self.offsets[name] + by < self._count(name)

    def _count(self, name: str) -> int:
        world = self.world
        if name == "takes":
            return max((world.takes(track)[1] for track in world.tracks), default=0)
        if name == "prompts":
            return max((len(prompts) for prompts in self.map.names.prompts.values()), default=0)
        return len(world.tracks) if name == "tracks" else len(world.scenes) + 1
