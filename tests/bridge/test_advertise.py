"""Other programs of the network find the engine by multicast DNS, while it runs."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
import time
from typing import Any

import pytest

from bridge import advertise
from bridge.advertise import Advertisement, advertisement, instance_name, is_open_to_others, services
from engine.config import OscConfig
from tests.bridge.osc_studio import LONGEST_WAIT_S, Studio, in_loop

NAME = "ResonantGen in a test"
HERE = "127.0.0.1"


@pytest.mark.parametrize(
    ("host", "is_open"),
    [("127.0.0.1", False), ("localhost", False), ("::1", False), ("0.0.0.0", True), ("192.168.1.5", True)],
)
def test_only_what_the_network_reaches_is_open_to_it(host, is_open):
    assert is_open_to_others(host) is is_open


def asked(name: str, kind: str) -> list[Any]:
    """The records that a service's name is answered with, asked from a port of our own: then the answer comes
    to it alone (RFC 6762, 6.7), whatever else listens for multicast DNS on this machine."""
    import zeroconf as dns
    from zeroconf import const

    question = dns.DNSOutgoing(const._FLAGS_QR_QUERY)
    question.add_question(dns.DNSQuestion(f"{name}.{kind}", const._TYPE_ANY, const._CLASS_IN))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(HERE))
        wire.settimeout(0.5)
        for packet in question.packets():
            wire.sendto(packet, ("224.0.0.251", 5353))
        try:
            return list(dns.DNSIncoming(wire.recv(9000)).answers())
        except TimeoutError:
            return []


def answered(name: str, kind: str) -> list[Any]:
    """The same, asked again where a busy machine was late."""
    end_s = time.monotonic() + LONGEST_WAIT_S
    while not (records := asked(name, kind)):
        assert time.monotonic() < end_s, f"nobody answers for {name}.{kind}"
    return records


@in_loop
async def test_a_host_that_no_name_server_knows_costs_a_line_in_the_log(caplog):
    pytest.importorskip("zeroconf.asyncio")
    await Advertisement(NAME, "no.such.host.invalid", services(1, 2, 3)).start()
    assert "not announced" in caplog.text


@in_loop
async def test_every_service_is_found_by_its_name_until_the_engine_ends():
    pytest.importorskip("zeroconf.asyncio")
    engine = Advertisement(NAME, HERE, services(9130, 9130, 9132))
    await engine.start()
    for service, port in zip(engine.services, (9132, 9130, 9130), strict=True):
        records = await asyncio.to_thread(answered, NAME, service.kind)
        assert [record.port for record in records if hasattr(record, "port")] == [port]
        texts = b"".join(record.text for record in records if hasattr(record, "text"))
        assert all(f"{key}={value}".encode() in texts for key, value in service.txt.items())
    await engine.stop()
    assert await asyncio.to_thread(asked, NAME, engine.services[0].kind) == []


@in_loop
async def test_a_network_that_comes_later_is_told_as_well(monkeypatch):
    pytest.importorskip("zeroconf.asyncio")
    monkeypatch.setattr(advertise, "LOOK_S", 0.01)
    here: list[str] = []
    looks: list[str] = []

    def addresses(host: str) -> list[str]:
        looks.append(host)
        return here

    engine = Advertisement(f"{NAME}, later", HERE, services(9130, 9130, 9132)[:1], addresses)
    running = asyncio.create_task(engine.run())
    while len(looks) < 3:
        await asyncio.sleep(0.001)
    assert engine.zeroconf is None
    here = [HERE]
    records = await asyncio.to_thread(answered, f"{NAME}, later", engine.services[0].kind)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await engine.stop()
    assert [record.port for record in records if hasattr(record, "port")] == [9132]


@in_loop
async def test_without_the_package_the_log_says_how_to_get_it(monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "zeroconf.asyncio", None)
    with caplog.at_level(logging.INFO, advertise.__name__):
        await Advertisement(NAME, HERE, services(1, 2, 3)).run()
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
