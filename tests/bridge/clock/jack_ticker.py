"""A sender of MIDI clock as another JACK client: every tick on the very frame where it belongs."""

import threading

from bridge.clock.midi import START, TICK
from bridge.midi_clients import IN_CLIENT
from bridge.midi_devices import PORT_NAME


class JackTicker:
    """Starts with its first block, and ticks until it is closed."""

    def __init__(self, server, tempo_bpm):
        import jack

        self.client = jack.Client("ticker", no_start_server=True, servername=server.name)
        self.port = self.client.midi_outports.register("clock")
        self.period = 60.0 * self.client.samplerate / (24 * tempo_bpm)  # frames
        self.first_frame, self.ticks = None, 0
        self.started = threading.Event()
        self.client.set_process_callback(self._process)
        self.client.activate()
        self.client.connect("ticker:clock", f"{IN_CLIENT}:{PORT_NAME}")
        self.connected = True

    def _process(self, frames):
        self.port.clear_buffer()
        if not getattr(self, "connected", False):
            return
        begin = self.client.last_frame_time
        if self.first_frame is None:
            self.first_frame = begin
            self.port.write_midi_event(0, bytes([START]))
            self.started.set()
        while (offset := self.first_frame + round(self.ticks * self.period) - begin) < frames:
            self.port.write_midi_event(max(0, offset), bytes([TICK]))
            self.ticks += 1

    def beat_now(self):
        """By the server's own clock of frames."""
        return (self.client.frame_time - self.first_frame) / self.period / 24

    def close(self):
        self.client.deactivate()
        self.client.close()
