"""OSCQuery as its clients use it: over HTTP and a WebSocket."""

import aiohttp
import pytest

from bridge.osc_spec import ROWS
from bridge.osc_table import contract_table
from bridge.osc_wire import Message, parse
from engine import events as e
from tests.bridge.osc_studio import TRACKS, Studio, in_loop


def url(studio: Studio, path: str) -> str:
    return f"http://127.0.0.1:{studio.server.http_port}{path}"


async def get(studio: Studio, path: str, **options):
    async with aiohttp.ClientSession() as http, http.get(url(studio, path), **options) as answer:
        is_json = answer.content_type == "application/json"
        return answer.status, await answer.json() if is_json else await answer.text()


@in_loop
async def test_the_whole_contract_is_in_the_tree_with_its_tracks():
    async with Studio() as studio:
        status, root = await get(studio, "/")
    assert status == 200
    assert root["FULL_PATH"] == "/"
    found = {}

    def walk(node):
        if "TYPE" in node:
            found[node["FULL_PATH"]] = node
        for name, child in node.get("CONTENTS", {}).items():
            assert child["FULL_PATH"] == node["FULL_PATH"].rstrip("/") + "/" + name
            walk(child)

    walk(root)
    expected = {row.address.replace("{t}", t) for row in ROWS if not row.reply for t in TRACKS}
    assert set(found) == expected


@in_loop
async def test_a_value_with_everything_that_is_known_of_it():
    async with Studio() as studio:
        studio.session.tracks["bass"].volume_db = -6.0
        status, node = await get(studio, "/rg/track/bass/volume")
    assert status == 200
    assert node == {
        "FULL_PATH": "/rg/track/bass/volume", "ACCESS": 3, "TYPE": "f", "VALUE": [-6.0], "UNIT": ["dB"],
        "RANGE": [{"MIN": -120.0, "MAX": 12}], "DESCRIPTION": "gain of the track's ports",
    }  # fmt: skip


@in_loop
async def test_commands_are_written_feedback_is_read_and_what_takes_time_is_critical():
    async with Studio() as studio:
        _, generate = await get(studio, "/rg/generate")
        _, state = await get(studio, "/rg/track/bass/state")
        _, when = await get(studio, "/rg/when")
        _, container = await get(studio, "/rg/track/bass")
    assert (generate["ACCESS"], generate["TYPE"], generate["CRITICAL"]) == (2, "s", True)
    assert (state["ACCESS"], state["VALUE"]) == (1, ["empty"])
    assert when["RANGE"] == [{"VALS": ["now", "beat", "bar", "loop", "manual"]}]
    assert container["ACCESS"] == 0
    assert "VALUE" not in container


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/rg/when?VALUE", 200, {"VALUE": ["loop"]}),
        ("/rg/tempo?TYPE", 200, {"TYPE": "f"}),
        ("/rg/generate?VALUE", 204, ""),
        ("/rg?VALUE", 204, ""),
        ("/rg/tempo?COLOUR", 400, None),
        ("/rg/nothing", 404, None),
        ("/rg/track/guitar/lock", 404, None),
        ("/rg/tempo/deeper", 404, None),
    ],
)
@in_loop
async def test_single_attributes_and_the_codes_of_the_proposal(path, status, body):
    async with Studio() as studio:
        found = await get(studio, path)
    assert found[0] == status
    if body is not None:
        assert found[1] == body


@in_loop
async def test_host_info_says_where_osc_is():
    async with Studio() as studio:
        _, info = await get(studio, "/?HOST_INFO")
        assert (info["OSC_PORT"], info["WS_PORT"]) == (studio.server.udp_port, studio.server.http_port)
    assert (info["NAME"], info["OSC_TRANSPORT"], info["OSC_IP"]) == ("resonantgen", "UDP", "127.0.0.1")
    assert info["EXTENSIONS"]["LISTEN"]


@in_loop
async def test_a_websocket_hears_what_it_listens_to_until_it_ignores_it():
    async with Studio() as studio, aiohttp.ClientSession() as http:
        async with http.ws_connect(url(studio, "/")) as socket:
            for nonsense in ("{", "[]", '{"COMMAND": "LISTEN"}', '{"COMMAND": "DANCE", "DATA": "/rg"}', "1"):
                await socket.send_str(nonsense)
            await socket.send_bytes(b"\0")
            await socket.send_json({"COMMAND": "LISTEN", "DATA": "/rg/no/such/thing"})
            await socket.send_json({"COMMAND": "LISTEN", "DATA": "/rg/track/bass/lock"})
            await socket.send_json({"COMMAND": "LISTEN", "DATA": "/rg/seed"})
            await listening(studio, {"/rg/track/bass/lock", "/rg/seed"})
            for event in (e.TrackLock("drums", True), e.TrackLock("bass", True), e.Seed(5)):
                studio.server.publish(event)
            assert parse(await socket.receive_bytes()) == Message("/rg/track/bass/lock", (1,))
            assert parse(await socket.receive_bytes()) == Message("/rg/seed", (5,))
            await socket.send_json({"COMMAND": "IGNORE", "DATA": "/rg/track/bass/lock"})
            await listening(studio, {"/rg/seed"})
            studio.server.publish(e.TrackLock("bass", False))
            studio.server.limiter.flush()
            studio.server.publish(e.Seed(6))
            studio.server.limiter.flush()
            assert parse(await socket.receive_bytes()) == Message("/rg/seed", (6,))
        while studio.server.query.listeners:
            await pause()


async def listening(studio: Studio, paths: set[str]) -> None:
    while {path for listener in studio.server.query.listeners for path in listener.paths} != paths:
        await pause()


async def pause() -> None:
    """One turn of the loop: there is no event for what a WebSocket's other end has read."""
    import asyncio

    await asyncio.sleep(0.001)


@in_loop
async def test_stopping_closes_the_websockets():
    studio = Studio()
    await studio.server.start(port=0)
    async with aiohttp.ClientSession() as http, http.ws_connect(url(studio, "/")) as socket:
        await socket.send_json({"COMMAND": "LISTEN", "DATA": "/rg/seed"})
        await listening(studio, {"/rg/seed"})
        await studio.server.stop()
        assert (await socket.receive()).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "http://localhost:8000"}, 200),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "evil.example"}, 403),
        ({"Host": "evil.example", "Origin": "http://evil.example"}, 403),
        ({"Host": "localhost"}, 200),
    ],
)
@in_loop
async def test_pages_of_other_hosts_learn_nothing(headers, status):
    async with Studio() as studio:
        assert (await get(studio, "/rg/tempo", headers=headers))[0] == status


def test_the_contract_as_a_table_has_a_line_for_every_row():
    table = contract_table()
    assert all(f"| `{row.address}` |" in table for row in ROWS)
    assert "| `/rg/when` | `s:when now\\|beat\\|bar\\|loop\\|manual` | in, out |" in table
    assert "| `/rg/generate` | `s:prompt`, `[i:req]` | in |" in table
    assert len({line.replace("\\|", "").count("|") for line in table.splitlines()}) == 1
