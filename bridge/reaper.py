"""Everything of REAPER that lives in the engine: the mailbox of its scripts, and its control surface."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from bridge.osc_clients import Peer
from bridge.osc_server import OscServer
from bridge.reaper_mailbox import TRANSPORT, Mailbox
from bridge.reaper_surface import Surface
from engine.config import Config


class Reaper:
    """Made when the OSC server is open. Off in the settings, no script is heard."""

    def __init__(
        self,
        config: Config,
        server: OscServer,
        post: Callable[[Callable[[], None]], None],
    ) -> None:
        self.surface = Surface(server.wires.send, server.submit, surface_peer(config))
        for event in server.snapshot():
            self.surface.note(event)
        self.mailbox: Mailbox | None = None
        if config.reaper.enabled:
            folder = mailbox_folder(config) / str(server.udp_port)
            gone = server.clients.gone
            self.mailbox = Mailbox(folder, server.receive, post, gone, config.osc.lease_s)
            server.wires.attached[TRANSPORT] = self.mailbox.send
            self.mailbox.start()

    def close(self) -> None:
        if self.mailbox is not None:
            self.mailbox.close()


def mailbox_folder(config: Config) -> Path:
    """Where scripts look for an engine, a folder for each port: the scripts have the same rule."""
    if config.reaper.mailbox:
        return Path(config.reaper.mailbox).expanduser()
    return data_folder(sys.platform, os.environ, Path.home()) / "resonantgen" / "reaper"


def data_folder(platform: str, environment: Mapping[str, str], home: Path) -> Path:
    """The user's own data, by the scripts' rule (place.lua). XDG_DATA_HOME is not asked: a terminal, the
    desktop and a sandboxed REAPER each have another, and all must come to the same folder."""
    if platform == "win32":
        return Path(environment.get("LOCALAPPDATA") or home / "AppData" / "Local")
    if platform == "darwin":
        return home / "Library" / "Application Support"
    return home / ".local" / "share"


def surface_peer(config: Config) -> Peer | None:
    """Where the settings say that REAPER's surface listens."""
    if not config.reaper.surface:
        return None
    host, _, port = config.reaper.surface.rpartition(":")
    return Peer("udp", host, int(port))
