"""What simulates: the engine seam and the engines behind it."""
