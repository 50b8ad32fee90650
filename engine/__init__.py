"""Music in, stems out. Imports no socket, MIDI, JACK or file-watching code.

Letters in shape comments, fixed for the whole project:
B batch, K codebook, F frame, S step, C channel, N sample, V codebook size, D width, H head.
"""

__version__ = "0.1.0"
