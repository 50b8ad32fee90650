"""How the learned parts are made: material, codecs, track models."""
