"""The built-in tasks, one file each, and how to register your own."""
