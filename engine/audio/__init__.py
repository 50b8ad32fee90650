"""Stem files, mixing and sample rates."""
