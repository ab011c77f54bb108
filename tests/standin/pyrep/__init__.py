"""A stand-in for PyRep that fails as PyRep on CoppeliaSim 4.1 was seen to fail."""

from pyrep.pyrep import PyRep as PyRep

__version__ = "4.1.0.3"
