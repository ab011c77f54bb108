"""The scene that RLBench puts its tasks into, for users whose copy lacks the file."""
