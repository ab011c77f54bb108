"""Things in a scene."""
