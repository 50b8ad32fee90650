"""How well the track models perform: against the instruments' own rendering of the same scores."""
