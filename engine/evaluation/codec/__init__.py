"""How much of a stem survives a codec: measures of the decoded beside the original."""
