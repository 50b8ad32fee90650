"""One studio for all tests here: a JACK server, the engine, Ardour with our companion installed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bridge.companions import companion_named
from bridge.install_files import carry_out, plan
from tests.ardour.ardour import Ardour
from tests.ardour.studio import GUI, PROMPT, Studio
from tests.bridge.jack_server import JackServer
from tests.bridge.musician import Musician


@pytest.fixture(scope="package")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    folder = tmp_path_factory.mktemp("ardour")
    config = folder / "engine.toml"
    config.write_text(f'[prompt]\nembeddings = "off"\n[reaper]\nmailbox = "{folder / "mailbox"}"\n')
    options = ("--config", str(config), "--jack", "on", "--render", "instruments")
    with JackServer(44_100, 1024) as server:
        ardour = Ardour(folder / "home", server.name)
        companion = companion_named("ardour")
        carry_out(companion, ardour.config, plan(companion, ardour.config))
        with ardour, Musician(folder / "set", *options, jack_server=server.name) as musician:
            studio = Studio(folder, ardour, musician)
            studio.point_scripts_here(folder / "mailbox")
            assert musician.ask("/rg/generate", "s", PROMPT).address == "/rg/done"
            ardour.connect()
            ardour.open_from(ardour.config / "templates/ResonantGen/ResonantGen.template", folder / "song")
            ardour.ask(f'assert(loadfile("{GUI}"))()')
            yield studio
