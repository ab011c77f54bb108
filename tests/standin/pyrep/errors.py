"""The exceptions of PyRep that reach its users."""


class PyRepError(Exception):
    """The simulator cannot be started or stopped."""


class ConfigurationPathError(Exception):
    """No path was found."""


class IKError(Exception):
    """No configuration was found."""
