"""The engine that runs RLBench's own tasks, through RLBench's and PyRep's Python."""
