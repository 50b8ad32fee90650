"""Which controllers are asked for: by the settings, by what was learned, and while something is learned."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence

from bridge.midi_devices import Wanted, pattern_of, stable_name
from bridge.midi_map import ControllerMap, Names
from bridge.midi_map_file import load_map, map_names
from engine.config import Config, controller_folder
from engine.errors import EngineError

log = logging.getLogger(__name__)

AUTO = "auto"
FALLBACK = "generic_pad"
THROUGH = "midi through"  # ALSA's own, which says what somebody else sends


class Setup:
    """`primary` is the map of our own ports, and of those that `[midi] input` and `output` name.

    With `auto` every map that knows its ports waits for them. EngineError for a map that the settings name
    and that is not to be read; one that only lies there is left out with a warning.
    """

    def __init__(self, config: Config, tracks: Sequence[str]) -> None:
        self.config = config.midi
        self.folder = controller_folder(config)
        self.tracks = tuple(tracks)
        named = self.config.controllers or (self.config.controller,)
        if len(named) > 1 and (self.config.input or self.config.output):
            text = "midi.input and midi.output name one controller's ports; the maps of several know theirs"
            raise EngineError("range", text)
        found: list[ControllerMap] = []
        for name in named:
            found += self._every() if name == AUTO else [load_map(name, self.tracks, self.folder)]
        self.maps = list({one.file: one for one in found}.values())
        chosen = [name for name in named if name != AUTO]
        self.primary = load_map(chosen[0] if chosen else FALLBACK, self.tracks, self.folder)

    def _every(self) -> list[ControllerMap]:
        maps = []
        for name in map_names(self.folder):
            try:
                found = load_map(name, self.tracks, self.folder)
            except EngineError as error:
                log.warning("left out: %s", error.text)
                continue
            if found.ports:
                maps.append(found)
        return maps

    def wanted(self, learned_ports: Sequence[str] = (), others: Sequence[str] = ()) -> list[Wanted]:
        """Each map with the patterns of its ports; then ports that only have something learned; and `others`,
        inputs that are listened to."""
        wanted = [Wanted.by_map(found) for found in self.maps if not self._is_named(found)]
        config = self.config
        if config.input or config.output:
            # The primary map's own patterns stand for the one that is left out.
            inputs = (re.escape(config.input),) if config.input else self.primary.ports
            outputs = (re.escape(config.output),) if config.output else self.primary.ports
            wanted.insert(0, Wanted(self.primary, inputs, outputs))
        plain = [*learned_ports, *(stable_name(n) for n in others if THROUGH not in n.casefold())]
        ports = dict.fromkeys(plain)
        return wanted + [Wanted(self._plain(port), (pattern_of(port),), (), gives_way=True) for port in ports]

    def _is_named(self, found: ControllerMap) -> bool:
        """Whether the settings say which ports a map is for."""
        return bool(self.config.input or self.config.output) and found.file == self.primary.file

    def _plain(self, port: str) -> ControllerMap:
        """A controller that only does what it learns."""
        return ControllerMap(port, file=f"port {port}", names=Names(self.tracks))
