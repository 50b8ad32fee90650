"""Words to music."""
