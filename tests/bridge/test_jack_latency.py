"""How long sound takes to the speakers, as a real server says."""

import time

import pytest

from bridge.jack_player import JackPlayer
from tests.bridge.jack_server import JackServer


def test_the_mix_takes_as_long_as_the_port_that_it_is_joined_to():
    """The dummy driver says two blocks where it does not wait for its clients."""
    with JackServer(sample_rate=48_000, block_size=1024, synchronous=False) as server:
        player = JackPlayer(["drums"], server_name=server.name, connect=True)
        try:
            end_s = time.monotonic() + 60.0
            while not player.status().latency_s and time.monotonic() < end_s:
                time.sleep(0.01)
            assert player.status().latency_s == pytest.approx(2 * 1024 / 48_000)
        finally:
            player.close()
        alone = JackPlayer(["drums"], server_name=server.name, connect=False)
        assert alone.status().latency_s == 0.0
        alone.close()
