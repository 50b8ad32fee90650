"""A second JACK client that hears MIDI ports and notes each message with the transport's frame."""

from __future__ import annotations

from collections.abc import Sequence

import jack

from tests.bridge.jack_recorder import wait_until

Heard = tuple[int, tuple[int, ...]]  # frame, bytes


class MidiEar:
    """Joins `sources` (full port names); `heard[source]` grows from the start of the `with` on.

    Its callback is Python: for a server that waits for its clients (JackServer's default).
    """

    def __init__(self, server_name: str, sources: Sequence[str]) -> None:
        self._client = jack.Client("midi_ear", no_start_server=True, servername=server_name)
        self._ports = {
            source: self._client.midi_inports.register(f"in_{i}") for i, source in enumerate(sources)
        }
        self.heard: dict[str, list[Heard]] = {source: [] for source in sources}
        self.frame = 0  # of the last block's end
        self.blocks = 0
        self._client.set_process_callback(self._process)

    def __enter__(self) -> MidiEar:
        self._client.activate()
        for source, port in self._ports.items():
            self._client.connect(source, port)
        self.wait_blocks(2)
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def _process(self, frames: int) -> None:
        rolling, position = self._client.transport_query_struct()
        for source, port in self._ports.items():
            for offset, data in port.incoming_midi_events():
                self.heard[source].append((position.frame + offset, tuple(bytes(data))))
        self.frame = position.frame + (frames if rolling == jack.ROLLING else 0)
        self.blocks += 1

    def wait_frame(self, frame: int) -> None:
        wait_until(lambda: self.frame >= frame, 30.0)

    def wait_blocks(self, count: int) -> None:
        target = self.blocks + count
        wait_until(lambda: self.blocks >= target)
