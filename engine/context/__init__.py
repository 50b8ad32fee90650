"""What the other tracks say: harmony, rhythm, spectrum."""
