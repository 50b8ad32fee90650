"""A score becomes audio, at once."""
