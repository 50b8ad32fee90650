"""Material to train on: multi-track songs with scores, captions and tags."""
