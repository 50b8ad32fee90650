"""How well the engine does, measured with estimators that are not its own."""
