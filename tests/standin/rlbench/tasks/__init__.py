"""The stand-in's tasks, one file each."""
