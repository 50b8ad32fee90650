"""Which controllers the settings ask for: `[midi] controller`, `controllers`, `input`, `output`."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence

from bridge.midi_devices import Wanted
from bridge.midi_map import ControllerMap
from bridge.midi_map_file import load_map, map_names
from engine.config import Config, controller_folder
from engine.errors import EngineError

log = logging.getLogger(__name__)

AUTO = "auto"
FALLBACK = "generic_pad"


class Setup:
    """`primary` is the map of our own ports, and of those that `[midi] input` and `output` name.

    With `auto` every map that knows its ports waits for them. EngineError for a map that the settings name
    and that is not to be read; one that only lies there is left out with a warning.
    """

    def __init__(self, config: Config, tracks: Sequence[str]) -> None:
        self.config = config
        self.tracks = tuple(tracks)
        self.folder = controller_folder(config)
        named = config.midi.controllers or (config.midi.controller,)
        self.maps: list[ControllerMap] = []
        for name in named:
            self.maps += self._every() if name == AUTO else [load_map(name, tracks, self.folder)]
        chosen = [name for name in named if name != AUTO]
        self.primary = load_map(chosen[0] if chosen else FALLBACK, tracks, self.folder)
        if len(named) > 1 and (config.midi.input or config.midi.output):
            raise EngineError(
                "range",
                "midi.input and midi.output name one controller's ports; the maps of several know theirs",
            )

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

    def wanted(self) -> list[Wanted]:
        """Each map with the patterns of its ports."""
        midi = self.config.midi
        if not (midi.input or midi.output):
            return [Wanted.by_map(found) for found in self.maps]
        # The ports that the settings name are the primary map's, and its own patterns stand for one left out.
        named = Wanted(
            self.primary,
            (re.escape(midi.input),) if midi.input else self.primary.ports,
            (re.escape(midi.output),) if midi.output else self.primary.ports,
        )
        return [named, *(Wanted.by_map(found) for found in self.maps if found.file != self.primary.file)]
