"""The engine's ports told to the local network by multicast DNS, so that tablets find it by its name.

    _oscjson._tcp   OSCQuery               what the proposal asks for
    _osc._udp       OSC over UDP
    _osc._tcp       OSC over TCP, SLIP     the keys that OSC 1.1 asks for in its TXT record

Only where the settings let the network in, and where the extra `lan` is installed. A network that comes
later, or that gives the machine another address, is told as well. Nothing here ever stops the engine.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bridge.osc_server import OscServer
    from engine.config import OscConfig

log = logging.getLogger(__name__)
HOW = "pip install 'resonantgen[lan]'"
LOOK_S = 10.0  # between two looks at the machine's addresses
OSC_TXT = {"txtvers": "1", "version": "1.1", "types": "ifs"}


@dataclass(frozen=True)
class Service:
    """One line of the announcement."""

    kind: str
    port: int
    txt: dict[str, str]


def services(udp_port: int, slip_port: int, http_port: int) -> list[Service]:
    return [
        Service("_oscjson._tcp.local.", http_port, {"txtvers": "1"}),
        Service("_osc._udp.local.", udp_port, OSC_TXT),
        Service("_osc._tcp.local.", slip_port, {**OSC_TXT, "framing": "slip"}),
    ]


def is_open_to_others(host: str) -> bool:
    """Whether other machines reach what is bound to `host`."""
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host != "localhost"


class Advertisement:
    """Of one running engine. `start` and `stop` on the loop, or `run` until it is cancelled, and `stop`;
    `stop` says goodbye, so that nobody looks for an engine that has ended."""

    def __init__(
        self, name: str, host: str, found: Sequence[Service],
        addresses: Callable[[str], list[str]] | None = None,
    ) -> None:  # fmt: skip
        self.name = name
        self.host = host
        self.services = found
        self.zeroconf: Any = None
        self._addresses = addresses or addresses_of
        self._announced: list[str] = []

    async def run(self) -> None:
        """Announce it where the machine is now, and again where it is from then on."""
        await self.start()
        while self.services:
            await asyncio.sleep(LOOK_S)
            if self._now() not in (self._announced, []):
                await self.stop()
                await self.start()

    def _now(self) -> list[str]:
        try:
            return self._addresses(self.host)
        except OSError:  # a name that nobody knows at the moment
            return []

    async def start(self) -> None:
        if not self.services:
            return
        try:
            from zeroconf.asyncio import AsyncZeroconf
        except ImportError:
            log.info("not announced to the network (%s)", HOW)
            self.services = ()  # nor later
            return
        try:
            addresses = self._announced = self._addresses(self.host)
            if not addresses:
                log.info("not announced: there is no network yet")
                return
            self.zeroconf = AsyncZeroconf(interfaces=addresses)
            for service in self.services:
                info = self._info(service, addresses)
                await self.zeroconf.async_register_service(info, allow_name_change=True)
        except Exception as error:  # a network without multicast, a name that is taken for ever …
            log.warning("not announced to the network: %s: %s", type(error).__name__, error)
            await self.stop()
            return
        log.info("announced as %s at %s", self.name, ", ".join(addresses))

    def _info(self, service: Service, addresses: Sequence[str]) -> Any:
        from zeroconf.asyncio import AsyncServiceInfo

        return AsyncServiceInfo(
            service.kind,
            f"{self.name}.{service.kind}",
            port=service.port,
            properties=service.txt,
            parsed_addresses=list(addresses),
        )

    async def stop(self) -> None:
        if self.zeroconf is not None:
            await self.zeroconf.async_close()
            self.zeroconf = None


def advertisement(config: OscConfig, server: OscServer) -> Advertisement:
    """Of a server that is open; of nothing at all where the settings say so or the network is not let in."""
    wanted = config.advertise and is_open_to_others(config.host)
    found = services(server.udp_port, server.slip_port, server.http_port) if wanted else []
    return Advertisement(instance_name(), config.host, found)


def instance_name() -> str:
    """How this engine is listed: the service's name, and the machine's."""
    return f"ResonantGen on {socket.gethostname().split('.')[0]}"


def addresses_of(host: str) -> list[str]:
    """Where others reach us: the address that is bound, or each of this machine's (IPv4) that is not its own
    loop."""
    if host not in ("0.0.0.0", "::", ""):
        return [socket.gethostbyname(host)]
    import ifaddr

    found = [ip.ip for adapter in ifaddr.get_adapters() for ip in adapter.ips if isinstance(ip.ip, str)]
    return [ip for ip in found if is_open_to_others(ip)]
