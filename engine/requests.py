"""From a command to a request that waits its turn, and from one that was cut off back to its command."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace
from typing import Any

from engine import commands as c
from engine import events as e
from engine import new_bars
from engine.errors import EngineError
from engine.jobs import CancelToken, Request
from engine.prompt.chosen_bars import chosen_bars
from engine.session import Session
from engine.track import Track

KINDS: dict[type[c.Command], str] = {
    c.Generate: "generate", c.Preview: "preview", c.Regenerate: "regenerate", c.RegenerateBars: "regenerate",
    c.Import: "import",
}  # fmt: skip


def request_of(
    session: Session, command: c.Command, origin: e.Origin, underway: Container[str] = ()
) -> Request:
    """What a command asks for; EngineError `locked`, `unknown`, or what `new_bars.check` says.

    `underway`: tracks whose take is still being made, or waits for it; bars are checked when it stands.
    """
    prompt = getattr(command, "prompt", "") or getattr(command, "name", "")
    tracks = session.select(getattr(command, "track", "*"))
    if len(tracks) == 1:
        tracks[0].check_unlocked()
    names = tuple(track.name for track in tracks if not track.locked)
    if not names:
        raise EngineError("locked", "every track is locked; unlock one first")
    request = Request(origin, KINDS[type(command)], names, prompt, CancelToken(names))
    if isinstance(command, c.RegenerateBars):
        request = replace(request, bars=(command.first, command.last))
    elif isinstance(command, c.Regenerate) and len(tracks) == 1:
        request = _with_named_bars(request, tracks[0])
    free = tuple(name for name in names if name not in underway)
    check_bars(session, replace(request, tracks=free))
    return request


def _with_named_bars(request: Request, track: Track) -> Request:
    """ "redo bars 3-4", said of a track that stands: those bars, and what else was said."""
    found = chosen_bars(request.prompt or track.prompt) if track.current else None
    if found is None:
        return request
    return replace(request, prompt=found.rest, bars=(found.first, found.last))


def check_bars(session: Session, request: Request) -> None:
    """EngineError of `new_bars.check` for the first track that has no such bars to renew."""
    if request.bars is not None:
        for name in request.tracks:
            new_bars.check(session.tracks[name], request.bars, session.frame)


def kept(request: Request) -> dict[str, Any]:
    """As plain data, for `serve --resume`."""
    entry = {"kind": request.kind, "tracks": request.tracks, "prompt": request.prompt}
    return entry | ({"bars": request.bars} if request.bars else {})


def resumed_command(entry: dict[str, Any]) -> c.Command:
    """The command that asks for what `kept` noted."""
    tracks, prompt = ",".join(entry["tracks"]), str(entry["prompt"])
    if entry["kind"] == "generate":
        return c.Generate(prompt)
    if entry["kind"] == "preview":
        return c.Preview(prompt)
    if entry["kind"] == "import":
        return c.Import(tracks, prompt)
    if entry.get("bars"):
        first, last = entry["bars"]
        return c.RegenerateBars(tracks, first, last, prompt)
    return c.Regenerate(tracks, prompt)
