"""CoppeliaSim's models, scenes and API calls, answered by MuJoCo."""
