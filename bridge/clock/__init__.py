"""One clock out of many: JACK, Ableton Link, MIDI clock, a host over OSC, our own."""
