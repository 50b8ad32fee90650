"""Theory, scores and the composers of the four roles."""
