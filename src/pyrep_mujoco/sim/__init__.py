"""The functions of CoppeliaSim's API that PyRep calls, answered from a scene."""
