"""OSCQuery as its clients use it: over HTTP and a WebSocket."""

import asyncio
from contextlib import asynccontextmanager

import aiohttp
import pytest

from bridge.osc_spec import ROWS
from bridge.osc_table import contract_table
from bridge.osc_tree import ATTRIBUTES
from bridge.osc_wire import Message, build, parse
from engine import commands as c
from engine import events as e
from tests.bridge.osc_studio import TRACKS, Studio, in_loop


def url(studio: Studio, path: str) -> str:
    return f"http://127.0.0.1:{studio.server.http_port}{path}"


@asynccontextmanager
async def page(studio: Studio):
    """A WebSocket, as a page in a browser opens it."""
    async with aiohttp.ClientSession() as http, http.ws_connect(url(studio, "/")) as socket:
        yield socket


async def heard(socket, address: str):
    """The arguments of the next OSC message there."""
    while (message := parse(await socket.receive_bytes())).address != address:
        pass
    return message.args


async def get(studio: Studio, path: str, **options):
    async with aiohttp.ClientSession() as http, http.get(url(studio, path), **options) as answer:
        is_json = answer.content_type == "application/json"
        return answer.status, await answer.json() if is_json else await answer.text()


def every_node(node):
    """Every node that can be written or read."""
    if "TYPE" in node:
        yield node
    for child in node.get("CONTENTS", {}).values():
        yield from every_node(child)


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
    expected = {
        row.address.replace("{t}", t) + rest
        for row in ROWS
        if not row.reply
        for t in TRACKS
        for rest in ([f"/{name}" for name, *_ in row.unfolds] or [""])
    }
    assert set(found) == expected


@in_loop
async def test_a_value_with_everything_that_is_known_of_it():
    async with Studio() as studio:
        studio.session.tracks["bass"].volume_db = -6.0
        status, node = await get(studio, "/rg/track/bass/volume")
    assert status == 200
    assert node == {
        "FULL_PATH": "/rg/track/bass/volume", "ACCESS": 3, "TYPE": "f", "VALUE": [-6.0], "UNIT": ["gain.db"],
        "RANGE": [{"MIN": -120.0, "MAX": 12}], "DESCRIPTION": "gain of the track's ports",
        "EXTENDED_TYPE": ["volume_db"], "CLIPMODE": ["none"], "TAGS": ["music", "track", "bass"],
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
        ("/rg/log?VALUE", 200, {}),
        ("/rg?TYPE", 200, {}),
        ("/rg/track/bass/param/density?VALUE&RANGE", 200, {"VALUE": [0.5], "RANGE": [{"MIN": 0, "MAX": 1}]}),
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
async def test_every_column_of_a_node_has_one_item_an_argument():
    async with Studio() as studio:
        _, root = await get(studio, "/")
    described = 0
    for node in every_node(root):
        for one in (node, *node.get("OVERLOADS", ())):
            count = 0 if one["TYPE"] == "N" else len(one["TYPE"])
            columns = {"RANGE", "UNIT", "EXTENDED_TYPE", "CLIPMODE", "VALUE"} & set(one)
            assert all(len(one[column]) == count for column in columns), one
            assert all(item is None or item for item in one.get("RANGE", ()))
            described += len(columns)
        assert set(node) <= set(ATTRIBUTES) and node["TAGS"]
    assert described > 300


@in_loop
async def test_what_can_be_chosen_now_is_in_the_range():
    names = {"scenes": ["verse"], "keys": ["Am", "C"], "tracks": list(TRACKS)}
    async with Studio(names=lambda: names) as studio:
        _, load = await get(studio, "/rg/scene/load?RANGE")
        _, key = await get(studio, "/rg/key?RANGE")
        _, take = await get(studio, "/rg/track/bass/take")
        _, unit = await get(studio, "/rg/signature?RANGE")
    assert load["RANGE"] == [{"VALS": ["verse"]}] and key["RANGE"] == [{"VALS": ["Am", "C"]}]
    assert take["RANGE"] == [{"VALS": []}] and take["VALUE"] == [0]
    assert take["OVERLOADS"] == [
        {"ACCESS": 1, "TYPE": "ii", "EXTENDED_TYPE": ["number", "count"], "VALUE": [0, 0]}
    ]
    assert unit["RANGE"] == [{"MIN": 1, "MAX": 32}, {"VALS": [1, 2, 4, 8, 16]}]


@in_loop
async def test_other_messages_that_a_node_takes_are_its_overloads():
    async with Studio() as studio:
        _, regenerate = await get(studio, "/rg/track/bass/regenerate")
        _, play = await get(studio, "/rg/play")
        _, status = await get(studio, "/rg/status")
    assert (regenerate["TYPE"], [o["TYPE"] for o in regenerate["OVERLOADS"]]) == ("s", ["N", "i", "si"])
    assert (play["TYPE"], play["ACCESS"], "OVERLOADS" in play) == ("N", 2, False)
    assert (status["OVERLOADS"][0]["TYPE"], status["OVERLOADS"][0]["ACCESS"]) == ("sififs", 1)


@in_loop
async def test_a_parameter_has_an_address_of_its_own():
    async with Studio() as studio:
        client = await studio.guest()
        client.send("/rg/track/bass/param/density", 0.25)
        assert await client.hear("/rg/track/bass/param") == Message("/rg/track/bass/param", ("density", 0.25))
        client.send("/rg/track/*/param/sw*", 0.75)
        heard = [await client.hear(f"/rg/track/{track}/param") for track in TRACKS]
        assert {message.args for message in heard} == {("swing", 0.75)}
        client.send("/rg/track/bass/param/density")
        assert await client.hear("/rg/track/bass/param") == Message("/rg/track/bass/param", ("density", 0.25))
        client.send("/rg/track/bass/param/density", 1.5)
        assert (await client.hear("/rg/track/bass/param")).args == ("density", 0.25)  # the true value
        fail = await client.hear("/rg/fail")
        assert fail.args[0] == "/rg/track/bass/param/density" and fail.args[2] == "range"
        client.send("/rg/track/bass/param/wow", 0.5)
        assert (await client.hear("/rg/fail")).args[2] == "unknown"


@in_loop
async def test_a_button_may_send_nothing_as_an_argument():
    async with Studio() as studio:
        client = await studio.udp()
        client.send_bytes(b"/rg/play\0\0\0\0,N\0\0")
        await client.settle()
        assert [command for command, _ in studio.commands] == [c.Play()]


@in_loop
async def test_a_spelled_out_value_can_be_listened_to():
    async with Studio() as studio, page(studio) as socket:
        await socket.send_json({"COMMAND": "LISTEN", "DATA": "/rg/track/bass/param/glide"})
        await listening(studio, {"/rg/track/bass/param/glide"})
        for name in ("drive", "glide"):
            studio.server.publish(e.TrackParam("bass", name, 0.75))
        assert parse(await socket.receive_bytes()) == Message("/rg/track/bass/param/glide", (0.75,))


@in_loop
async def test_osc_over_the_websocket_is_osc():
    async with Studio() as studio:
        async with page(studio) as socket:
            await socket.send_bytes(build("/rg/hello", ["page", 0]))
            assert await heard(socket, "/rg/hello") == ("9.9", 30, "first")
            await heard(socket, "/rg/context/chords")  # near the end of the dump
            await socket.send_bytes(build("/rg/track/bass/lock", [1]))
            assert await heard(socket, "/rg/track/bass/lock") == (1,)
            await socket.send_bytes(b"no packet")
            assert (await heard(socket, "/rg/fail"))[2] == "type"
        while studio.server.clients.by_reply:  # gone with its connection
            await asyncio.sleep(0)


@in_loop
async def test_who_is_connected_is_told_where_the_choices_changed():
    async with Studio() as studio, page(studio) as socket:
        await socket.send_json({"COMMAND": "LISTEN", "DATA": "/rg/seed"})
        await listening(studio, {"/rg/seed"})
        take = e.TrackTake("bass", 1, 1)
        for event in (e.SceneSaved("a"), take, take, e.SetOpened("b")):
            studio.server.publish(event)
        told = [await socket.receive_json() for _ in range(3)]
        assert [message["DATA"] for message in told] == ["/rg/scene", "/rg/track/bass/take", "/rg"]
        assert {message["COMMAND"] for message in told} == {"PATH_CHANGED"}


@in_loop
async def test_a_server_on_every_address_tells_the_one_it_was_found_at():
    studio = Studio()
    await studio.server.start("0.0.0.0", 0)
    _, info = await get(studio, "/?HOST_INFO")
    await studio.server.stop()
    assert (info["OSC_IP"], info["WS_IP"]) == ("127.0.0.1", "127.0.0.1")


@in_loop
async def test_a_websocket_hears_what_it_listens_to_until_it_ignores_it():
    async with Studio() as studio, aiohttp.ClientSession() as http:
        async with http.ws_connect(url(studio, "/")) as socket:
            for nonsense in ("{", "[]", '{"COMMAND": "LISTEN"}', '{"COMMAND": "DANCE", "DATA": "/rg"}', "1"):
                await socket.send_str(nonsense)
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


@in_loop
async def test_to_listen_to_everything_costs_no_look_at_the_set():
    """A panel listens to some hundred paths at once; the control thread has a clock to follow meanwhile."""

    def nobody_asks():
        raise AssertionError("the whole state was asked for")

    async with Studio() as studio, page(studio) as socket:
        studio.server.query.snapshot = nobody_asks
        await socket.send_json({"COMMAND": "LISTEN", "DATA": "/rg/track/bass/param/glide"})
        await listening(studio, {"/rg/track/bass/param/glide"})


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


@pytest.mark.parametrize(
    ("path", "origin", "allowed"),
    [
        ("/rg/tempo", "http://localhost:8000", "http://localhost:8000"),
        ("/rg/nothing", "http://127.0.0.1:3000", "http://127.0.0.1:3000"),  # it may read why, too
        ("/rg/tempo", "https://evil.example", None),
        ("/rg/tempo", None, None),
    ],
)
@in_loop
async def test_a_browser_lets_pages_of_this_machine_read_the_answers(path, origin, allowed):
    headers = {"Origin": origin} if origin else {}
    async with (
        Studio() as studio,
        aiohttp.ClientSession() as http,
        http.get(url(studio, path), headers=headers) as answer,
    ):
        assert answer.headers.get("Access-Control-Allow-Origin") == allowed


def test_the_contract_as_a_table_has_a_line_for_every_row():
    table = contract_table()
    assert all(f"| `{row.address}` |" in table for row in ROWS)
    assert "| `/rg/when` | `s:when now\\|beat\\|bar\\|loop\\|manual` | in, out |" in table
    assert "| `/rg/generate` | `s:prompt`, `[i:req]` | in |" in table
    assert len({line.replace("\\|", "").count("|") for line in table.splitlines()}) == 1
