"""The wires: OSC, MIDI, JACK, the stem folder and the command line. Imports `engine`, never the reverse."""
