"""What stands for PyRep's native module, which ``pyrep_mujoco`` takes the place of."""

NATIVE = True
