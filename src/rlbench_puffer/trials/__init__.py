"""Tries RLBench's own tasks one by one: resets, random steps, scripted demos."""
