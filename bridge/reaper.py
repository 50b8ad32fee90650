"""Everything of REAPER that lives in the engine: the mailbox of its scripts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bridge.osc_server import OscServer
from bridge.reaper_mailbox import TRANSPORT, Mailbox
from engine.config import Config


class Reaper:
    """Made when the OSC server is open. Off in the settings, it does nothing."""

    def __init__(self, config: Config, server: OscServer, post: Callable[[Callable[[], None]], None]) -> None:
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
    from platformdirs import user_data_path

    return user_data_path("resonantgen", appauthor=False) / "reaper"
