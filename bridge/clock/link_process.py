"""Ableton Link in a process of its own: `python -m bridge.clock.link_process TEMPO QUANTUM START_STOP`.

The library is a program of other people's under another licence (aalink, GPL), with threads of its own that
want the interpreter a thousand times a second; so the engine starts it beside itself, and talks to it in
lines of JSON. On the way out, fifty times a second, all times those of the machine's clock
(time.perf_counter, the same in every process):

    [at_s, beat, tempo_bpm, peers, playing]

On the way in: ["tempo", bpm], ["quantum", beats], ["playing", 0 or 1], ["align", beat, at_s]. It ends when
its input does.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from typing import Any

from bridge.clock.moments import look

STEP_S = 0.02


def obey(link: Any, order: list[Any]) -> None:
    word, *values = order
    if word == "tempo":
        link.tempo = float(values[0])
    elif word == "quantum":
        link.quantum = float(values[0])
    elif word == "playing":
        link.playing = bool(values[0])
    elif word == "align":  # alone in the session: nobody else has to follow
        beat, at_s = values
        link.request_beat(beat + (time.perf_counter() - at_s) * link.tempo / 60.0)


def listen(link: Any, loop: asyncio.AbstractEventLoop, done: asyncio.Event) -> None:
    """Orders from standard input, until it ends. A thread: not every system lets a loop wait for a pipe."""
    for line in sys.stdin:
        loop.call_soon_threadsafe(obey, link, json.loads(line))
    loop.call_soon_threadsafe(done.set)


async def main(tempo_bpm: float, quantum_beats: float, start_stop_sync: bool) -> None:
    from aalink import Link

    link = Link(tempo_bpm)
    link.quantum = quantum_beats
    link.start_stop_sync_enabled = start_stop_sync
    link.enabled = True
    done = asyncio.Event()
    threading.Thread(target=listen, args=(link, asyncio.get_running_loop(), done), daemon=True).start()
    while not done.is_set():
        at_s, beat = look(lambda: float(link.beat))
        print(json.dumps([at_s, beat, link.tempo, link.num_peers, bool(link.playing)]), flush=True)
        await asyncio.sleep(STEP_S)
    link.enabled = False  # the others are told that we leave


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]), float(sys.argv[2]), sys.argv[3] == "1"))
