"""Figures of played music, distilled into `engine/music/played.toml`; nothing here runs in the engine."""
