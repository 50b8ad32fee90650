"""Another program that leads bar and beat on a JACK server: one tempo, one signature, beat 0 at frame 0."""


class Master:
    def __init__(self, server, tempo_bpm, beats=4):
        import jack

        self.client = jack.Client("master", no_start_server=True, servername=server.name)
        self.tempo_bpm, self.beats = tempo_bpm, beats
        self.client.set_process_callback(lambda frames: None)
        self.client.set_timebase_callback(self._say)
        self.client.activate()

    def _say(self, state, frames, position, is_new):
        ticks = position.frame * self.tempo_bpm / (60.0 * self.client.samplerate) * 1920.0
        beat, tick = divmod(int(ticks), 1920)
        position.bar, position.beat, position.tick = beat // self.beats + 1, beat % self.beats + 1, tick
        position.beats_per_bar, position.beat_type = float(self.beats), 4.0
        position.ticks_per_beat, position.beats_per_minute = 1920.0, self.tempo_bpm
        position.valid = 0x10

    def beat_now(self):
        return self.client.transport_frame * self.tempo_bpm / (60.0 * self.client.samplerate)

    def close(self):
        self.client.deactivate()
        self.client.close()
