"""Training of the codecs."""
