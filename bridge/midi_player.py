"""Live MIDI without JACK: a thread that says what every track's loop says, at its time.

    control thread: InternalPlayer --Playing (frozen)--> `listen`        this thread: ports.send

It looks at the latest picture of the player, says what has become due, and sleeps until the next event or
for 20 ms, whichever is sooner; a new picture wakes it. So a stop is heard at once, and nothing is ever sent
ahead that could not be taken back. Its ports are opened with `open`, or when there is something to play.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeGuard

from bridge.midi_speaker import Message, Speaker
from bridge.player import Loop
from bridge.playing import Playing
from engine.errors import EngineError

log = logging.getLogger(__name__)

TICK_S = 0.02
# After more than this much was missed (the machine slept), a new start is made.
MOST_LATE_S = 0.1
RETRY_S = 5.0  # where the machine has no MIDI
AGAIN_S = 1.0


class Ports(Protocol):
    def send(self, track: str, message: Message) -> None: ...

    def close(self) -> None: ...


class MidiPlayer:
    """`listen` is called on the control thread. `clock` is the player's own."""

    def __init__(
        self,
        tracks: Sequence[str],
        open_ports: Callable[[], Ports],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._open_ports, self._clock = open_ports, clock
        self._ports: Ports | None = None
        self._try_again_s, self._told = clock(), ""
        self._speakers = {track: Speaker() for track in tracks}
        self._playing: Playing | None = None
        self._breaks: int | None = None  # of the picture that was spoken from last; None: it rests
        self._spoken_s = 0.0
        self._wake = threading.Event()
        self._ending = False
        self._thread = threading.Thread(target=self._run, name="midi out", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def open(self) -> None:
        """Before `start`: offer the ports at once, so that they can be joined before anything plays."""
        try:
            self._ports = self._open_ports()
        except EngineError as error:
            if error.text != self._told:
                log.info("no MIDI out: %s", error.text)
            self._told, self._try_again_s = error.text, self._clock() + RETRY_S

    def listen(self, playing: Playing) -> None:
        self._playing = playing
        self._wake.set()

    def close(self) -> None:
        """Every note ends; then the ports may go."""
        self._ending = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout=2.0)
        if self._ports is not None:
            self._ports.close()

    # --- the thread -------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._ending:
            self._wake.wait(self._try())
            self._wake.clear()
        self._rest()

    def _try(self) -> float:
        """What goes wrong is logged, and a new start made a second later."""
        try:
            return self.step()
        except Exception:
            log.exception("MIDI out")
            self._breaks = None
            return AGAIN_S

    def step(self) -> float:
        """Say what is due; for how many seconds nothing will be."""
        playing, now_s = self._playing, self._clock()
        if self._ports is None and playing is not None and playing.has_music and now_s >= self._try_again_s:
            self.open()
        if self._ports is None or playing is None or not playing.rolling:
            self._rest()
            return TICK_S
        # A start and a jump count from where they were made, which was a moment ago.
        started = playing.breaks != self._breaks
        since_s = playing.since_s if started else self._spoken_s
        late = now_s - since_s > MOST_LATE_S
        since = playing.beat_at(now_s if late else since_s)
        self._breaks, self._spoken_s = playing.breaks, now_s
        beat = playing.beat_at(now_s)
        next_beat = beat + 1e9
        for track, speaker in self._speakers.items():
            if not playing.voices[track].midi:
                self._send(track, speaker.rest())
                continue
            self._speak(track, speaker, playing, since, beat, started or late)
            next_beat = min(next_beat, speaker.next_beat, playing.swap_beat(track, beat))
        return min(max(playing.time_of(next_beat) - self._clock(), 0.0), TICK_S)

    def _speak(
        self, track: str, speaker: Speaker, playing: Playing, since: float, beat: float, broken: bool
    ) -> None:
        voice = playing.voices[track]
        swap = voice.swap_beat
        if swap is not None and swap <= beat:
            if not broken and _is_said_by(speaker, voice.loop):
                self._send(track, speaker.until(swap))
            self._bring(track, speaker, voice.next_loop, max(swap, since) if broken else swap, broken)
        else:
            self._bring(track, speaker, voice.loop, since, broken)
        self._send(track, speaker.until(beat))

    def _bring(self, track: str, speaker: Speaker, loop: Loop | None, beat: float, broken: bool) -> None:
        if not broken and _is_said_by(speaker, loop):
            if loop is not None:
                speaker.follow(loop)
        elif not broken and _goes_on_from(loop, speaker):
            self._send(track, speaker.go_on(loop, beat))
        else:
            self._send(track, speaker.take_over(loop, beat))

    def _rest(self) -> None:
        self._breaks = None
        for track, speaker in self._speakers.items():
            self._send(track, speaker.rest())

    def _send(self, track: str, messages: Iterable[Message]) -> None:
        for message in messages:
            if self._ports is not None:
                self._ports.send(track, message)


def _goes_on_from(loop: Loop | None, speaker: Speaker) -> TypeGuard[Loop]:
    """Whether the loop has the notes of the speaker's own, for another tempo."""
    before = speaker.loop.midi if speaker.loop is not None else None
    return loop is not None and before is not None and loop.midi_before is before


def _is_said_by(speaker: Speaker, loop: Loop | None) -> bool:
    """Whether the speaker is at it: this loop, or one of the same words."""
    if speaker.loop is None or loop is None:
        return speaker.loop is loop
    return speaker.loop is loop or (loop.midi is not None and speaker.loop.midi is loop.midi)
