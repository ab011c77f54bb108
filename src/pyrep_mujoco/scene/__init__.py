"""From a tree of scene objects to a MuJoCo model, and its state."""
