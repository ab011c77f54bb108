"""The native part of the stand-in."""
