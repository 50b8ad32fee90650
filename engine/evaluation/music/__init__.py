"""How well the engine writes and plays music."""
