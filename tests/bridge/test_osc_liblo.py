"""With liblo's own programs: what a shell script sends, and what another implementation reads."""

import asyncio
import contextlib
import os
import shutil

import pytest

from bridge.client import free_port
from bridge.osc_wire import Message
from engine import commands as c
from tests.bridge.osc_studio import LONGEST_WAIT_S, Studio, UdpClient, in_loop


@pytest.fixture(autouse=True)
def liblo():
    missing = [name for name in ("oscsend", "oscdump") if shutil.which(name) is None]
    if missing:
        text = f"missing: {', '.join(missing)}; install liblo-tools"
        if os.environ.get("RESONANTGEN_REQUIRE_OSCSEND") == "1":
            pytest.fail(text)
        pytest.skip(text)


async def oscsend(studio: Studio, *words: str) -> None:
    arguments = ("127.0.0.1", str(studio.server.udp_port), *words)
    process = await asyncio.create_subprocess_exec("oscsend", *arguments)
    assert await process.wait() == 0


@in_loop
async def test_a_shell_that_sends_and_an_ear_that_listens_are_one_client():
    async with Studio() as studio:
        ear = await studio.udp()
        await oscsend(studio, "/rg/hello", "si", "shell", str(ear.port))
        assert await ear.next() == Message("/rg/hello", ("9.9", 30, "first"))
        await ear.hear("/rg/context/groove")  # the last of the values
        assert await ear.next() == Message("/rg/update", (0,))
        await oscsend(studio, "/rg/generate", "si", "dark techno", "7")
        assert await ear.next() == Message("/rg/accepted", ("/rg/generate", 7))
        await oscsend(studio, "/rg/track/*/lock", "T")
        heard = {(await ear.next()).address for _ in range(4)}
        assert heard == {f"/rg/track/{track}/lock" for track in ("drums", "bass", "harmony", "melody")}
        await oscsend(studio, "/rg/tempo", "d", "140.5")
        assert await ear.next() == Message("/rg/tempo", (140.5,))
        await oscsend(studio, "/rg/tempo", "s", "fast")
        assert (await ear.next()).address == "/rg/tempo"
        assert (await ear.next()).args[:3] == ("/rg/tempo", -1, "type")
        studio.finish(0)
        assert await ear.next() == Message("/rg/done", ("/rg/generate", 7))
        assert studio.commands[0][0] == c.Generate("dark techno")


@in_loop
async def test_another_implementation_reads_what_we_send():
    async with Studio() as studio:
        mouth = await studio.udp()
        dump, port, line = await open_oscdump(mouth)
        mouth.send("/rg/ping", 1)
        while "/rg/pong i 1" not in line:
            line = await line_of(dump)
        mouth.send("/rg/hello", "dump", port)
        lines = [await line_of(dump)]
        while "/rg/update i 0" not in lines[-1]:
            lines.append(await line_of(dump))
        dump.terminate()
        await dump.wait()
    text = "".join(lines)
    assert '/rg/hello sis "9.9" 30 "first"' in text
    assert "/rg/tempo f 120.0" in text
    assert "/rg/track/bass/lock i 0" in text
    assert '/rg/track/drums/param sf "swing" 0.5' in text


async def open_oscdump(mouth: UdpClient) -> tuple[asyncio.subprocess.Process, int, str]:
    """An oscdump that hears us, its port and first line; one whose port is taken meanwhile is replaced."""
    for _ in range(10):
        port = free_port()
        dump = await asyncio.create_subprocess_exec(
            "oscdump", "-L", str(port), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
        for _ in range(50):  # until its port is open, nothing arrives there
            mouth.send("/rg/hello", "dump", port)
            with contextlib.suppress(TimeoutError):
                line = await line_of(dump, 0.1)
                if line:
                    return dump, port, line
                break  # it ended
        if dump.returncode is None:
            dump.kill()
        await dump.wait()
    raise AssertionError("oscdump does not listen")


async def line_of(process: asyncio.subprocess.Process, timeout_s: float = LONGEST_WAIT_S) -> str:
    assert process.stdout is not None
    return (await asyncio.wait_for(process.stdout.readline(), timeout_s)).decode()
