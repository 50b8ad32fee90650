"""Other programs of the network find the engine by multicast DNS, while it runs."""

from __future__ import annotations

import asyncio
import logging
import sys

import pytest

from bridge import advertise
from bridge.advertise import Advertisement, advertisement, instance_name, is_open_to_others, services
from engine.config import OscConfig
from tests.bridge.osc_studio import Studio, in_loop

NAME = "ResonantGen in a test"
HERE = "127.0.0.1"


@pytest.mark.parametrize(
    ("host", "is_open"),
    [("127.0.0.1", False), ("localhost", False), ("::1", False), ("0.0.0.0", True), ("192.168.1.5", True)],
)
def test_only_what_the_network_reaches_is_open_to_it(host, is_open):
    assert is_open_to_others(host) is is_open


@in_loop
async def test_every_service_is_found_by_its_kind_until_the_engine_ends_and_a_second_has_a_name_of_its_own():
    zeroconf = pytest.importorskip("zeroconf.asyncio")
    engine = Advertisement(NAME, HERE, services(9130, 9130, 9132))
    second = Advertisement(NAME, HERE, services(9140, 9140, 9142)[:1])
    await engine.start()
    await second.start()
    async with zeroconf.AsyncZeroconf(interfaces=[HERE]) as browser:
        found = {}
        for service in engine.services:
            info = await browser.async_get_service_info(service.kind, f"{NAME}.{service.kind}")
            found[service.kind] = (info.port, info.parsed_addresses())
            txt = {key.decode(): value.decode() for key, value in info.properties.items()}
            assert txt == service.txt
        kind = second.services[0].kind
        other = await browser.async_get_service_info(kind, f"{NAME}-2.{kind}")
    assert other.port == 9142
    assert found == {
        "_oscjson._tcp.local.": (9132, [HERE]), "_osc._udp.local.": (9130, [HERE]),
        "_osc._tcp.local.": (9130, [HERE]),
    }  # fmt: skip
    await asyncio.gather(engine.stop(), second.stop())
    async with zeroconf.AsyncZeroconf(interfaces=[HERE]) as late:
        assert await late.async_get_service_info(kind, f"{NAME}.{kind}", timeout=200) is None


@in_loop
async def test_without_the_package_the_log_says_how_to_get_it(monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "zeroconf.asyncio", None)
    with caplog.at_level(logging.INFO, advertise.__name__):
        await Advertisement(NAME, HERE, services(1, 2, 3)).start()
    assert "resonantgen[lan]" in caplog.text


@in_loop
async def test_a_network_that_refuses_costs_a_line_in_the_log(caplog):
    pytest.importorskip("zeroconf.asyncio")
    engine = Advertisement(NAME, "203.0.113.7", services(1, 2, 3))  # not an address of this machine
    await engine.start()
    assert "not announced" in caplog.text and engine.zeroconf is None


@pytest.mark.parametrize(
    ("host", "advertise", "count"), [("0.0.0.0", True, 3), ("127.0.0.1", True, 0), ("0.0.0.0", False, 0)]
)
@in_loop
async def test_an_engine_is_announced_where_the_settings_let_the_network_in(host, advertise, count):
    async with Studio() as studio:
        made = advertisement(OscConfig(host=host, advertise=advertise), studio.server)
        ports = [studio.server.http_port, studio.server.udp_port, studio.server.slip_port][:count]
        assert [service.port for service in made.services] == ports


def test_the_machine_is_in_the_name():
    assert instance_name().startswith("ResonantGen on ") and "." not in instance_name()
