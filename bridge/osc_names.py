"""What the texts of the contract can be one of while the engine runs: what panels offer in their menus."""

from __future__ import annotations

from collections.abc import Sequence

from bridge.osc_spec import INPUTS
from engine.engine import Engine
from engine.music.key import MODES, PITCH_CLASSES, Key
from engine.names import file_names


def names_now(engine: Engine, tracks: Sequence[str]) -> dict[str, list[str]]:
    """By `Arg.names`: scenes, contexts, sets, imports, tracks, keys, addresses."""
    store = engine.core.store
    beside = (path.parent.name for path in store.folder.parent.glob("*/set.db"))
    keys = [Key(tonic, mode).name for mode in MODES for tonic in range(len(PITCH_CLASSES))]
    return {
        "scenes": store.names("scenes"), "contexts": store.names("contexts"),
        "sets": sorted(beside),
        "imports": file_names(store.folder / "imports"), "tracks": list(tracks), "keys": keys,
        "addresses": addresses(tracks),
    }  # fmt: skip


def addresses(tracks: Sequence[str]) -> list[str]:
    """Every address that takes something, tracks spelled out."""
    found = {template.replace("{t}", track) for template in INPUTS for track in tracks}
    return sorted(found)
