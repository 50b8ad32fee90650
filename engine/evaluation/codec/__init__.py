"""How well the codecs keep the sound of stems."""
