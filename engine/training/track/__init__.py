"""Training of the models that perform scores."""
