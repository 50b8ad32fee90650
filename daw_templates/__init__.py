"""What hosts and tablets need to talk to the engine, a folder each; `resonantgen install` copies it."""
