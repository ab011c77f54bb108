"""The exceptions of RLBench that reach its users."""


class InvalidActionError(Exception):
    """An action that cannot be carried out; the environment stays usable."""


class TaskEnvironmentError(Exception):
    """A task that could not be placed; try again."""
