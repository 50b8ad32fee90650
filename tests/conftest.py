"""Settings for every test: quick, the same examples on every run, and shared out among processes."""

import os

import pytest
from hypothesis import HealthCheck, settings

# The processes share the cores; threads of libraries that wait for each other would cost all of them.
os.environ.setdefault("OMP_NUM_THREADS", "1")

settings.register_profile(
    "house", deadline=None, max_examples=60, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("house")


def pytest_xdist_auto_num_workers() -> int:
    from tests.sharing import processes

    return processes()


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    from tests.sharing import Sharing

    return Sharing(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The end-to-end tests first, those that kill a JACK server last: libjack keeps things of the servers it
    has met in this process, and a recorder that comes after many of them is not always woken."""
    items.sort(key=lambda item: (_kills_jack(item), "test_end_to_end" not in item.nodeid))


def _kills_jack(item: pytest.Item) -> bool:
    return item.get_closest_marker("kills_jack") is not None
