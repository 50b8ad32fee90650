"""The server on real sockets: sessions, feedback, refusals, bundles, both framings of TCP."""

import asyncio
import socket
import struct
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.osc_feedback import INTERVAL_S
from bridge.osc_framing import slip_encode
from bridge.osc_server import OscServer
from bridge.osc_spec import LOG_BIT, MAX_MESSAGE_BYTES, OUTPUTS, TRACK_BIT
from bridge.osc_transport import MAX_UNREAD_BYTES
from bridge.osc_wire import NTP_EPOCH_S, Message, build
from engine import commands as c
from engine import events as e
from engine.errors import EngineError
from tests.bridge.osc_studio import TRACKS, Studio, in_loop


def bundle(at_s: float | None, *elements: bytes) -> bytes:
    timetag = 1 if at_s is None else int((at_s + NTP_EPOCH_S) * 2**32)
    head = b"#bundle\0" + struct.pack(">Q", timetag)
    return head + b"".join(struct.pack(">i", len(element)) + element for element in elements)


# --- a session with a client ----------------------------------------------------------------------


@in_loop
async def test_hello_is_answered_with_every_value_between_two_updates():
    async with Studio() as studio:
        client = await studio.udp()
        client.send("/rg/hello", "ear", 0)
        heard = await client.settle()
        assert heard[0] == Message("/rg/hello", ("9.9", 30, "first"))
        assert heard[1] == Message("/rg/update", (1,))
        assert heard[-1] == Message("/rg/update", (0,))
        values = {message.address for message in heard[2:-1]}
        assert {"/rg/set/open", "/rg/tempo", "/rg/when", "/rg/context/key"} <= values
        assert {f"/rg/track/{track}/lock" for track in TRACKS} <= values
        assert len(heard) == 3 + len(studio.snapshot())


@in_loop
async def test_refresh_is_the_dump_without_the_greeting_for_anyone():
    async with Studio() as studio:
        client = await studio.udp()
        client.send("/rg/refresh")
        heard = await client.settle()
        assert heard[0] == Message("/rg/update", (1,))
        assert heard[-1] == Message("/rg/update", (0,))


@in_loop
async def test_answers_go_to_the_reply_port():
    async with Studio() as studio:
        mouth, ear = await studio.udp(), await studio.udp()
        mouth.send("/rg/hello", "max", ear.port)
        assert (await ear.next()).address == "/rg/hello"
        mouth.send("/rg/ping", 5)
        assert (await ear.hear("/rg/pong")).args == (5,)
        assert mouth.arrived.empty()


@in_loop
async def test_the_servers_own_questions():
    async with Studio() as studio:
        client = await studio.udp()
        client.send("/rg/ping")
        assert await client.next() == Message("/rg/pong", ())
        client.send("/rg/status")
        assert await client.next() == Message("/rg/status", ("idle", 0, 0.25, 3, 1.5, "none"))
        client.send("/rg/version")
        assert await client.next() == Message("/rg/version", ("resonantgen", "9.9"))
        client.send("/rg/quit")
        await asyncio.wait_for(studio.has_quit.wait(), 5)


@in_loop
async def test_two_clients_hear_the_same_change_and_one_that_lapsed_hears_nothing():
    async with Studio() as studio:
        first, second = await studio.guest(), await studio.guest()
        first.send("/rg/track/bass/lock", 1)
        assert await first.next() == await second.next() == Message("/rg/track/bass/lock", (1,))
        for client in studio.server.clients.by_reply.values():
            if client.reply.port == second.port:
                client.deadline_s = 0.0  # its 30 seconds are over
        first.send("/rg/track/drums/lock", 1)
        assert await first.next() == Message("/rg/track/drums/lock", (1,))
        assert await second.settle() == []


@in_loop
async def test_who_only_listens_while_a_long_take_is_made_hears_its_end():
    async with Studio() as studio:
        shell, ear = await studio.udp(), await studio.udp()
        shell.send("/rg/hello", "shell", ear.port)
        shell.send("/rg/generate", "x", 3)
        await ear.hear("/rg/accepted")
        (client,) = studio.server.clients.by_reply.values()
        client.deadline_s = 0.0  # its 30 seconds are over
        studio.server.publish(e.Log("info", "still at it"))
        studio.finish()
        assert (await ear.hear("/rg/log")).args == ("info", "still at it")
        assert (await ear.hear("/rg/done")).args == ("/rg/generate", 3)
        assert client.deadline_s > studio.server.loop.time()
        client.deadline_s = 0.0
        studio.server.publish(e.Log("info", "nobody waits"))
        shell.send("/rg/ping", 7)  # answered where it came from, and nowhere else
        assert await shell.hear("/rg/pong") == Message("/rg/pong", (7,))
        assert ear.arrived.empty()


@in_loop
async def test_a_mask_hides_feedback_and_never_answers():
    async with Studio() as studio:
        tracks, logs = await studio.guest(TRACK_BIT), await studio.guest(LOG_BIT)
        logs.send("/rg/track/bass/mute", 1)
        logs.send("/rg/generate", "x", 3)
        await logs.settle()
        studio.server.publish(e.Log("info", "hello"))
        studio.finish()
        assert [m.address for m in await tracks.settle()] == ["/rg/track/bass/mute"]
        assert [m.address for m in await logs.settle()] == ["/rg/log", "/rg/done"]


@in_loop
async def test_a_value_that_is_set_to_what_it_is_is_confirmed_to_who_set_it_and_no_news_to_others():
    async with Studio() as studio:
        asker, other, stranger = await studio.guest(), await studio.guest(), await studio.udp()
        for client in (asker, stranger):
            client.send("/rg/track/bass/lock", 0)
            assert await client.settle() == [Message("/rg/track/bass/lock", (0,))]
        assert await other.settle() == []


@in_loop
async def test_who_never_said_hello_hears_what_became_of_its_own_command_and_no_more():
    async with Studio() as studio:
        stranger, other = await studio.udp(), await studio.guest()
        stranger.send("/rg/track/*/solo", 1)
        solos = [Message(f"/rg/track/{track}/solo", (1,)) for track in TRACKS]
        assert await stranger.settle() == await other.settle() == solos
        other.send("/rg/track/bass/lock", 1)
        await other.settle()
        assert await stranger.settle() == []


@in_loop
async def test_a_hammered_switch_is_answered_each_time_and_others_hear_it_at_their_pace():
    async with Studio() as studio:
        pad, other = await studio.guest(), await studio.guest()
        for on in (1, 0) * 50:
            pad.send("/rg/track/bass/lock", on)
            assert await pad.next() == Message("/rg/track/bass/lock", (on,))
        studio.server.limiter.flush()
        assert await pad.settle() == []
        heard = await other.settle()
        assert len(heard) < 50
        assert heard[-1] == Message("/rg/track/bass/lock", (0,))


@in_loop
async def test_a_flood_of_changes_arrives_at_thirty_a_second_with_the_last_at_the_end():
    async with Studio() as studio:
        client = await studio.guest()
        before = len(client.sizes)
        started = time.perf_counter()
        for step in range(500):
            client.send("/rg/track/bass/volume", -step / 5)
        while (await client.hear("/rg/track/bass/volume")).args != (pytest.approx(-499 / 5),):
            pass
        elapsed_s = time.perf_counter() - started
        assert 2 <= len(client.sizes) - before <= elapsed_s / INTERVAL_S + 2
        assert await client.settle() == []


# --- commands -------------------------------------------------------------------------------------


@in_loop
async def test_an_asynchronous_command_is_accepted_and_ends_once_for_who_asked_only():
    async with Studio() as studio:
        asker, other = await studio.guest(), await studio.guest()
        asker.send("/rg/track/*/regenerate", "darker", 7)
        assert await asker.next() == Message("/rg/accepted", ("/rg/track/*/regenerate", 7))
        studio.finish()
        assert await asker.next() == Message("/rg/done", ("/rg/track/*/regenerate", 7))
        origin = studio.commands[0][1]
        studio.server.publish(e.Reply(origin, "/rg/export/name", ("mix", "exports/a.wav")))
        assert await asker.next() == Message("/rg/export/name", ("mix", "exports/a.wav"))
        assert await other.settle() == []
        assert studio.commands == [(c.Regenerate("*", "darker"), origin)]


@in_loop
async def test_done_comes_after_the_values_that_led_to_it():
    async with Studio() as studio:
        client = await studio.guest()
        client.send("/rg/generate", "x", 1)
        await client.next()
        for state in ("queued", "generating", "ready"):
            studio.server.publish(e.TrackState("bass", state))
        studio.finish()
        heard = [await client.next() for _ in range(3)]
        state = "/rg/track/bass/state"
        assert heard == [
            Message(state, ("queued",)), Message(state, ("ready",)), Message("/rg/done", ("/rg/generate", 1)),
        ]  # fmt: skip


@in_loop
async def test_sync_waits_for_everybodys_earlier_commands_and_for_no_later_ones():
    async with Studio() as studio:
        asker, other = await studio.udp(), await studio.udp()
        asker.send("/rg/sync", 1)
        assert await asker.next() == Message("/rg/synced", (1,))
        other.send("/rg/generate", "x")
        await other.next()
        asker.send("/rg/generate", "y")
        await asker.next()
        asker.send("/rg/sync", 2)
        asker.send("/rg/generate", "z")
        await asker.next()
        studio.finish(1)
        assert [m.address for m in await asker.settle()] == ["/rg/done"]
        studio.finish(0)
        assert await asker.next() == Message("/rg/synced", (2,))
        assert len(studio.server.barrier.open) == 1  # z goes on


@in_loop
async def test_a_command_that_was_refused_holds_no_barrier_and_keeps_its_request():
    def refuse(command, origin):
        raise EngineError("busy", "not now")

    async with Studio() as studio:
        studio.server.submit = refuse
        client = await studio.udp()
        client.send("/rg/generate", "x", 9)
        assert await client.next() == Message("/rg/fail", ("/rg/generate", 9, "busy", "not now"))
        client.send("/rg/sync", 3)
        assert await client.next() == Message("/rg/synced", (3,))


@in_loop
async def test_serials_tell_commands_in_the_order_they_came():
    async with Studio() as studio:
        client = await studio.udp()
        for _ in range(3):
            client.send("/rg/play" if _ == 1 else "/rg/generate", *([] if _ == 1 else ["x"]))
        await client.settle()
        serials = [origin.serial for _, origin in studio.commands]
        assert serials == sorted(set(serials))


# --- refusals -------------------------------------------------------------------------------------


@in_loop
async def test_a_refused_value_is_answered_with_the_true_one():
    async with Studio() as studio:
        client, other = await studio.guest(), await studio.guest()
        client.send("/rg/track/bass/volume", 99.0)
        true, fail = await client.next(), await client.next()
        assert true == Message("/rg/track/bass/volume", (0.0,))
        assert fail.address == "/rg/fail"
        assert fail.args[:3] == ("/rg/track/bass/volume", -1, "range")
        assert "-120 to 12" in fail.args[3]
        client.send("/rg/key", "H")  # the session refuses this one, not the table
        assert (await client.next()).address == "/rg/key"
        assert (await client.next()).args[:3] == ("/rg/key", -1, "range")
        client.send("/rg/track/{bass,drums}/param", "swing", "much")
        assert [m.args for m in (await client.next(), await client.next())] == [
            ("swing", 0.5),
            ("swing", 0.5),
        ]
        assert (await client.next()).args[2] == "type"
        assert await other.settle() == []


@in_loop
async def test_a_value_address_without_arguments_is_answered_with_the_value():
    async with Studio() as studio:
        client = await studio.udp()
        client.send("/rg/track/*/lock")
        heard = await client.settle()
        assert heard == [Message(f"/rg/track/{track}/lock", (0,)) for track in TRACKS]
        client.send("/rg/track/bass/stem")
        assert (await client.next()).args[:3] == ("/rg/track/bass/stem", -1, "empty")


@in_loop
async def test_an_exception_in_a_handler_is_answered_and_the_server_goes_on():
    def stumble(command, origin):
        raise ZeroDivisionError("oops")

    async with Studio() as studio:
        studio.server.submit = stumble
        client = await studio.udp()
        client.send("/rg/generate", "x", 4)
        assert (await client.next()).args == ("/rg/generate", 4, "internal", "ZeroDivisionError: oops")
        assert await client.settle() == []


@in_loop
async def test_a_controller_of_the_house_is_refused_by_the_log():
    async with Studio() as studio:
        client = await studio.guest()
        studio.server.submit_osc("/rg/track/bass/lock", [1])
        studio.server.submit_osc("/rg/track/bass/lock", [5])
        assert await client.next() == Message("/rg/track/bass/lock", (1,))
        assert (await client.next()).args == ("warning", "/rg/track/bass/lock: on 5 is outside 0 to 1")


HOSTILE = st.one_of(
    st.binary(max_size=80),
    st.binary(max_size=60).map(lambda tail: b"/rg/tempo\0\0\0," + tail),
    st.binary(max_size=60).map(lambda tail: b"#bundle\0" + tail),
    st.lists(st.binary(max_size=12), max_size=4).map(lambda parts: bundle(None, *parts)),
    st.sampled_from([
        b"#bundle\0\0\0\0\0\0\0\0\1\xff\xff\xff\xfc",  # an element of -4 bytes: some parsers never return
        b"#bundle\0\0\0\0\0\0\0\0\1" * 2000,
        b"/" + b"a" * 60_000, b"/\0\0\0," + b"i" * 60_000,
        b"/rg/tempo\0\0\0,f\0\0", b"/rg/tempo\0\0\0,S\0\0abc\0",
        b"/rg/generate\0\0\0\0,s\0\0\xff\xfe\0\0", b"/rg/tempo\0\0\0,d\0\0\x7f\xef\xff\xff\xff\xff\xff\xff",
        b"/rg/fail\0\0\0\0,\0\0\0", b"/rg/track/{" + b"[" * 300 + b"/lock\0", b"",
    ]),
)  # fmt: skip


@settings(max_examples=8)
@given(packets=st.lists(HOSTILE, min_size=20, max_size=40))
def test_no_datagram_stops_the_server(packets):
    @in_loop
    async def attack():
        async with Studio() as studio:
            client = await studio.udp()
            for packet in packets:
                client.send_bytes(packet)
                await client.settle()
            assert max(client.sizes) <= MAX_MESSAGE_BYTES

    attack()


@in_loop
async def test_hostile_packets_are_told_what_is_wrong():
    async with Studio() as studio:
        client = await studio.udp()
        client.send_bytes(b"nonsense")
        assert (await client.next()).args[:3] == ("", -1, "type")
        client.send_bytes(b"/rg/tempo\0\0\0,S\0\0abc\0")
        assert [m.address for m in (await client.next(), await client.next())] == ["/rg/tempo", "/rg/fail"]
        client.send_bytes(bundle(None, b"/ok\0,\0\0\0", b"bad\0"))
        assert (await client.next()).args[:3] == ("#bundle", -1, "type")
        client.send_bytes(
            build("/rg/fail", ["/rg/tempo", 1, "range", "two engines set to talk to each other"])
        )
        client.send("/rg/hello", "self", studio.server.udp_port)
        assert [m.args[2] for m in await client.settle()] == ["range"]


@in_loop
async def test_no_answer_exceeds_1024_bytes():
    async with Studio() as studio:
        client = await studio.guest()
        client.send("/rg/hel" + "o" * 700, "x" * 200)
        client.send("/rg/track/" + "a" * 700 + "/lock", 1)
        client.send_bytes(b"/rg/generate\0\0\0\0,si\0" + b"p" * 4000 + b"\0\0\0\0" + struct.pack(">i", 5))
        await client.settle()
        studio.server.publish(e.TrackPrompt("bass", "long " * 900))
        studio.server.publish(e.Failed(studio.commands[-1][1], "file", "where? " * 900))
        heard = await client.settle()
        assert [m.address for m in heard] == ["/rg/track/bass/prompt", "/rg/fail"]
        assert heard[1].args[:3] == ("/rg/generate", 5, "file")
        assert max(client.sizes) <= MAX_MESSAGE_BYTES
        assert len(studio.commands[-1][0].prompt) == 4000  # it came in whole


# --- bundles --------------------------------------------------------------------------------------


@in_loop
async def test_a_bundle_runs_in_order_at_once_or_at_its_time():
    async with Studio() as studio:
        client = await studio.guest()
        started = time.perf_counter()
        later = bundle(
            time.time() + 0.05, build("/rg/track/bass/mute", [1]), build("/rg/track/bass/solo", [1])
        )
        client.send_bytes(bundle(None, build("/rg/track/bass/lock", [1]), later, build("/rg/bars", [4])))
        assert await client.next() == Message("/rg/track/bass/lock", (1,))
        assert await client.hear("/rg/bars") == Message("/rg/bars", (4,))
        assert await client.next() == Message("/rg/track/bass/mute", (1,))
        assert time.perf_counter() - started >= 0.05
        assert await client.next() == Message("/rg/track/bass/solo", (1,))
        assert [type(command) for command, _ in studio.commands] == [
            c.SetLock,
            c.SetBars,
            c.SetMute,
            c.SetSolo,
        ]


@in_loop
async def test_one_wrong_message_of_a_bundle_does_not_stop_the_others():
    async with Studio() as studio:
        client = await studio.guest()
        client.send_bytes(
            bundle(time.time() - 60, build("/rg/nothing", []), build("/rg/track/bass/lock", [1]))
        )
        assert [m.address for m in await client.settle()] == ["/rg/fail", "/rg/track/bass/lock"]


@in_loop
async def test_a_bundle_for_next_year_is_refused():
    async with Studio() as studio:
        client = await studio.udp()
        client.send_bytes(bundle(time.time() + 3e7, build("/rg/play", [])))
        assert (await client.next()).args[:3] == ("#bundle", -1, "range")


# --- TCP ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("framing", ["slip", "size"])
@in_loop
async def test_a_connection_subscribes_and_is_answered_on_itself(framing):
    async with Studio() as studio:
        client, other = await studio.tcp(framing), await studio.guest()
        client.send("/rg/hello", "wire", 1234)
        heard = await client.settle()
        assert heard[0].address == "/rg/hello"
        other.send("/rg/track/bass/lock", 1)
        assert await client.next() == Message("/rg/track/bass/lock", (1,))
        packets = client.frame(build("/rg/ping", [1])) + client.frame(build("/rg/ping", [2]))
        for at in range(len(packets)):
            client.writer.write(packets[at : at + 1])
            await client.writer.drain()
        assert [(await client.next()).args for _ in range(2)] == [(1,), (2,)]
        await client.close()
        while studio.server.clients.by_reply.keys() != {
            p for p in studio.server.clients.by_reply if p.port == other.port
        }:
            await asyncio.sleep(0)
        assert studio.server.wires.connections == {}


@pytest.mark.parametrize("framing", ["slip", "size"])
@in_loop
async def test_a_broken_packet_costs_itself_and_not_the_connection(framing):
    async with Studio() as studio:
        client = await studio.tcp(framing)
        client.writer.write(b"\xc0\xdb\x00\xc0" if framing == "slip" else struct.pack(">i", -5))
        assert (await client.next()).args[:3] == ("", -1, "type")
        client.send_bytes(b"x" * 70_000)
        assert (await client.next()).args[:3] == ("", -1, "range")
        assert await client.settle() == []
        await client.close()


@in_loop
async def test_a_client_that_does_not_read_is_dropped_and_the_others_are_served():
    async with Studio() as studio:
        deaf = socket.create_connection(("127.0.0.1", studio.server.slip_port))
        deaf.sendall(slip_encode(build("/rg/hello", ["deaf", 0])))
        client = await studio.guest(TRACK_BIT)
        while len(studio.server.clients.by_reply) < 2:
            await asyncio.sleep(0)
        text = "x" * 900
        for _ in range(20 * MAX_UNREAD_BYTES // len(text)):
            studio.server.publish(e.Log("info", text))
            if not studio.server.wires.connections or all(
                connection.transport.is_closing() for connection in studio.server.wires.connections.values()
            ):
                break
        else:
            raise AssertionError("the client that reads nothing is still there")
        while studio.server.wires.connections:
            await asyncio.sleep(0)
        assert [client.name for client in studio.server.clients.by_reply.values()] == ["guest"]
        client.send("/rg/ping", 1)
        assert (await client.hear("/rg/pong")).args == (1,)
        deaf.close()


# --- ports ----------------------------------------------------------------------------------------


def make_server(**options) -> OscServer:
    return OscServer(
        submit=print, snapshot=list, status=lambda: ("idle", 0, 0.0, 0, 0.0, ""), tracks=lambda: TRACKS,
        set_name=lambda: "", version="1.2.3", quit=lambda: None, **options,
    )  # fmt: skip


@in_loop
async def test_a_port_in_use_is_named_and_none_stays_open():
    async with Studio() as studio:
        taken = studio.server.udp_port
        with pytest.raises(EngineError) as error:
            await make_server().start(port=taken)
        assert error.value.code == "busy"
        assert str(taken) in error.value.text
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        server = make_server()
        with pytest.raises(EngineError, match=f"TCP port {port}"):
            await server.start(port=port)
        assert server.wires.udp is None
        assert server.wires.servers == []


@in_loop
async def test_startup_is_told_to_those_who_asked_for_it():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        ear.bind(("127.0.0.1", 0))
        ear.setblocking(False)
        server = make_server(
            startup_targets=[("localhost", ear.getsockname()[1]), ("no.such.host.invalid", 9)]
        )
        await server.start(port=0)
        data = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(ear, 2048), 5)
        assert data == build("/rg/startup", ["1.2.3"])
        await server.stop()


@in_loop
async def test_only_this_machine_is_listened_to_unless_told_otherwise():
    async with Studio() as studio:
        hosts = {
            studio.server.wires.udp.get_extra_info("sockname")[0],
            *(s.getsockname()[0] for server in studio.server.wires.servers for s in server.sockets),
            studio.server.query.runner.addresses[0][0],
        }
        assert hosts == {"127.0.0.1"}


@in_loop
async def test_dump_osc_logs_what_comes_and_goes(caplog):
    async with Studio() as studio:
        client = await studio.udp()
        with caplog.at_level("INFO"):
            client.send("/rg/dump_osc", 3)
            client.send("/rg/ping", 7654321)
            await client.next()
            client.send("/rg/dump_osc", 0)
            await client.settle()
        dumped = [r.getMessage() for r in caplog.records if "7654321" in r.getMessage()]
        assert [line[:2] for line in dumped] == ["<-", "->"]
        assert "2f72672f" in dumped[0]


def test_what_is_published_before_the_ports_open_is_not_lost_but_in_the_dump():
    make_server().publish(e.Tempo(120.0))
    assert e.Tempo in OUTPUTS
