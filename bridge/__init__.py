"""The wires: OSC, MIDI, JACK, the stem folder and the command line. Imports `engine`, never the reverse."""

import os

# Before numpy is imported, which reads it once. Our products are small, and threads that wait for one without
# a core double the time of a take beside a program that keeps a core busy (3.0 s, else 1.6 s).
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
