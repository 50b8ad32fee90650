"""The track models: transformers that perform a score as a codec's latents and tokens."""
