"""The codec: audio to tokens and back."""
