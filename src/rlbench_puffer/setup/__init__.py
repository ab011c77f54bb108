"""Installs what RLBench's own tasks need: system packages, CoppeliaSim, RLBench."""
