"""The controller script for Bitwig Studio."""
