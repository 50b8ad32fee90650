"""The learned part: codecs and track models."""
