"""A folder carries packets as a socket would: whole, in order, both ways, to whom they concern."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bridge.osc_clients import Peer
from bridge.osc_wire import Bundle, Message, build, parse
from bridge.reaper_mailbox import MAX_BUNDLE_BYTES, TRANSPORT, Mailbox, bundle_of
from engine import commands as c
from tests.bridge.osc_studio import Studio, in_loop

LEASE_S = 30.0


class Script:
    """A ReaScript as the mailbox sees it: someone who makes folders and renames files."""

    def __init__(self, root: Path, name: str = "reaper-1") -> None:
        self.folder = root / name
        for part in ("in", "out"):
            (self.folder / part).mkdir(parents=True)
        self.sent = self.read = 0

    def write(self, data: bytes) -> Path:
        self.sent += 1
        path = self.folder / "in" / f"{self.sent:06d}.osc"
        part = path.with_suffix(".part")
        part.write_bytes(data)
        part.rename(path)
        return path

    def send(self, address: str, *args: int | float | str) -> Path:
        return self.write(build(address, args))

    def bundles(self) -> Iterator[Bundle]:
        while (path := self.folder / "out" / f"{self.read + 1}.osc").exists():
            self.read += 1
            bundle = parse(path.read_bytes())
            assert isinstance(bundle, Bundle) and bundle.at_s is None
            path.unlink()
            yield bundle

    def messages(self) -> list[Message]:
        return [message for bundle in self.bundles() for message in bundle.elements]


class Post:
    """The engine's side of a mailbox without a thread."""

    def __init__(self, root: Path) -> None:
        self.heard: list[tuple[bytes, Peer]] = []
        self.gone: list[Peer] = []
        self.box = Mailbox(
            root,
            lambda data, peer: self.heard.append((data, peer)),
            lambda call: call(),
            self.gone.append,
            LEASE_S,
        )


@pytest.fixture
def post(tmp_path: Path) -> Post:
    return Post(tmp_path / "9130")


@pytest.fixture
def script(post: Post) -> Script:
    return Script(post.box.root)


def test_where_no_script_has_been_nothing_is_made(post):
    post.box.step(0.0)
    assert not post.box.root.exists()


def test_packets_arrive_in_the_order_of_their_names_and_are_gone(post, script):
    paths = [script.send("/rg/bars", n) for n in range(20)]
    post.box.step(0.0)
    assert [parse(data).args for data, _ in post.heard] == [(n,) for n in range(20)]
    assert {peer for _, peer in post.heard} == {Peer(TRANSPORT, "reaper-1", 0)}
    assert not any(path.exists() for path in paths)


def test_a_peer_of_the_mailbox_survives_being_written_as_text(post, script):
    script.send("/rg/ping")
    post.box.step(0.0)
    peer = post.heard[0][1]
    assert Peer.parse(str(peer)) == peer


def test_what_is_half_written_is_left_alone(post, script):
    half = script.folder / "in" / "000001.part"
    half.write_bytes(b"/rg/pi")
    post.box.step(0.0)
    assert post.heard == [] and half.exists()


def test_answers_are_numbered_without_a_gap_and_a_bundle_each_step(post, script):
    script.send("/rg/ping")
    post.box.step(0.0)
    peer = post.heard[0][1]
    for turn in range(3):
        for n in range(2):
            post.box.send(peer, build("/rg/pong", [2 * turn + n]))
        post.box.step(0.0)
    bundles = list(script.bundles())
    assert [[m.args for m in bundle.elements] for bundle in bundles] == [
        [(0,), (1,)],
        [(2,), (3,)],
        [(4,), (5,)],
    ]


def test_a_long_dump_is_cut_between_messages(post, script):
    script.send("/rg/ping")
    post.box.step(0.0)
    packets = [build("/rg/log", ["info", f"{n} " + "x" * 900]) for n in range(100)]
    for packet in packets:
        post.box.send(post.heard[0][1], packet)
    post.box.step(0.0)
    sizes = [path.stat().st_size for path in (script.folder / "out").iterdir()]
    assert len(sizes) > 1 and max(sizes) <= MAX_BUNDLE_BYTES + 1024
    assert [m.args[1].split()[0] for m in script.messages()] == [str(n) for n in range(100)]


def test_nobody_is_sent_what_is_for_another(post, script):
    other = Script(post.box.root, "reaper-2")
    script.send("/rg/ping"), other.send("/rg/ping")
    post.box.step(0.0)
    post.box.send(Peer(TRANSPORT, "reaper-2", 0), build("/rg/pong", [2]))
    post.box.send(Peer(TRANSPORT, "reaper-3", 0), build("/rg/pong", [3]))
    post.box.step(0.0)
    assert script.messages() == [] and other.messages() == [Message("/rg/pong", (2,))]


def test_who_falls_silent_is_forgotten_and_cleaned_up_after(post, script):
    script.send("/rg/ping")
    post.box.step(0.0)
    post.box.step(LEASE_S)
    assert post.gone == [] and script.folder.exists()
    post.box.step(LEASE_S + 1)
    assert post.gone == [Peer(TRANSPORT, "reaper-1", 0)] and not script.folder.exists()


def test_a_script_that_took_its_folder_away_harms_nobody(post, script):
    other = Script(post.box.root, "reaper-2")
    script.send("/rg/ping"), other.send("/rg/ping")
    post.box.step(0.0)
    for part in ("in", "out"):
        (script.folder / part).rmdir()
    for _, peer in post.heard:
        post.box.send(peer, build("/rg/pong", [1]))
    post.box.step(1.0)
    assert other.messages() == [Message("/rg/pong", (1,))]


@pytest.mark.parametrize("leave", ["rename", "remove"])
def test_a_script_that_leaves_is_gone_at_once_and_cleaned_up_after(post, script, leave):
    """`in` goes, in one step, whatever lies in it: on Windows a script cannot remove folders."""
    script.send("/rg/ping")
    post.box.step(0.0)
    post.box.send(post.heard[0][1], build("/rg/pong", [1]))
    script.send("/rg/ping")
    if leave == "rename":
        (script.folder / "in").rename(script.folder / "left")
    else:
        shutil.rmtree(script.folder)
    post.box.step(0.1)
    assert post.gone == [Peer(TRANSPORT, "reaper-1", 0)] and not script.folder.exists()


def test_what_a_full_disk_does_not_take_comes_later_and_holds_nobody_else_up(post, script, monkeypatch):
    other = Script(post.box.root, "reaper-2")
    script.send("/rg/ping"), other.send("/rg/ping")
    post.box.step(0.0)
    peers = [peer for _, peer in post.heard]
    real = Path.write_bytes

    def full(path: Path, data: bytes) -> int:
        if script.folder in path.parents:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(path, data)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", full)
        for number in (1, 2):
            for peer in peers:
                post.box.send(peer, build("/rg/pong", [number]))
            with pytest.raises(OSError, match="No space left"):
                post.box.step(0.1 * number)
    assert other.messages() == [Message("/rg/pong", (1,)), Message("/rg/pong", (2,))]
    post.box.step(0.5)
    assert script.messages() == [Message("/rg/pong", (1,)), Message("/rg/pong", (2,))]


def test_what_lies_in_the_way_holds_nobody_up(post, script, tmp_path):
    (script.folder / "out" / "1.osc").mkdir()
    (post.box.root / "reaper-0").mkdir()
    (post.box.root / "reaper-0" / "in").write_text("a file stands there")
    script.send("/rg/ping", 7)
    post.box.step(0.0)
    assert [parse(data).args for data, _ in post.heard] == [(7,)]


def test_an_engine_starts_where_its_mailbox_cannot_be_read(tmp_path, caplog):
    (tmp_path / "9130").write_text("a file stands there")
    post = Post(tmp_path / "9130")
    post.box.start()
    post.box.close()
    assert caplog.text.count("the mailbox of REAPER") == 1


def test_no_file_but_a_regular_one_of_fitting_size_is_read(post, script, tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(build("/rg/quit", []))
    inbox = script.folder / "in"
    (inbox / "1.osc").symlink_to(secret)
    os.mkfifo(inbox / "2.osc")
    (inbox / "3.osc").write_bytes(b"/" * 70_000)
    (inbox / "4.osc").mkdir()
    script.sent = 5
    script.send("/rg/ping", 7)
    post.box.step(0.0)
    assert [parse(data).args for data, _ in post.heard] == [(7,)]
    assert secret.exists()


def test_a_folder_that_is_a_link_is_no_connection(post, tmp_path):
    elsewhere = Script(tmp_path / "elsewhere")
    post.box.root.mkdir()
    (post.box.root / "reaper-9").symlink_to(elsewhere.folder)
    elsewhere.send("/rg/quit")
    post.box.step(0.0)
    assert post.heard == []


def test_what_was_meant_for_an_engine_that_ended_is_never_carried_out(tmp_path):
    root = tmp_path / "9130"
    script = Script(root)
    script.send("/rg/generate", "an hour ago")
    post = Post(root)
    post.box.start()
    post.box.close()
    assert post.heard == [] and not script.folder.exists()


def test_a_bundle_reads_as_its_packets():
    packets = [build("/rg/bars", [n]) for n in range(3)]
    assert parse(bundle_of(packets)) == Bundle(None, tuple(parse(packet) for packet in packets))
    assert bundle_of(packets)[8:16] == struct.pack(">Q", 1)


# --- a real server --------------------------------------------------------------------------------


async def until(ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not ready():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.005)


@in_loop
async def test_a_script_is_a_client_like_any_other(tmp_path: Path) -> None:
    async with Studio() as studio:
        loop, server = asyncio.get_running_loop(), studio.server
        box = Mailbox(
            tmp_path / "9130", server.receive, loop.call_soon_threadsafe, server.clients.gone, LEASE_S
        )
        server.wires.attached[TRANSPORT] = box.send
        box.start()
        script, heard = Script(box.root), []

        async def hear(wanted: Message) -> None:
            await until(lambda: heard.extend(script.messages()) or wanted in heard)

        script.send("/rg/hello", "reaper", 0, -1)
        await hear(Message("/rg/update", (0,)))
        assert heard[0] == Message("/rg/hello", ("9.9", 30, "first"))
        script.send("/rg/track/bass/lock", 1)
        await hear(Message("/rg/track/bass/lock", (1,)))
        assert studio.commands[-1][0] == c.SetLock("bass", True)
        script.send("/rg/tempo", 999.0)
        await hear(Message("/rg/fail", ("/rg/tempo", -1, "range", "tempo_bpm 999 is outside 40 to 240")))
        script.write(b"no packet")
        script.send("/rg/generate", "dub", 7)
        await hear(Message("/rg/accepted", ("/rg/generate", 7)))
        studio.finish()
        await hear(Message("/rg/done", ("/rg/generate", 7)))
        box.close()
