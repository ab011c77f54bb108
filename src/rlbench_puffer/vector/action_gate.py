"""Checks a batch of actions in the parent, before any worker sees it."""

from typing import Any, cast

import gymnasium
import numpy as np
from numpy.typing import ArrayLike, NDArray

from rlbench_puffer.errors import InvalidActionError

# Looked up once: a check takes less than a microsecond.
_ndarray, _absolute, _less_equal = np.ndarray, np.absolute, np.less_equal


class ActionGate:
    """Lets through arrays of the right shape, dtype and range, and nothing else.

    The usual case, a float32 array that is fine, costs about 2 us: a few array
    operations into scratch memory, made once.

    Args:
      space: the space of one action.
      rows: how many actions a batch has.
      dtype: dtype of the action buffer.
    """

    def __init__(
        self, space: gymnasium.Space[Any], rows: int, dtype: np.dtype[Any]
    ) -> None:
        self._space = space
        self._rows = rows
        self._dtype = dtype
        self._low, self._high = _bounds(space, dtype)
        self.shape = (rows, *self._low.shape)
        self._inside = np.empty(self.shape, bool)
        self._below = np.empty(self.shape, bool)
        self._all_true = np.ones(self.shape, bool).tobytes()
        self._inside_bytes = memoryview(
            cast(Any, self._inside.view(np.uint8).reshape(-1))
        ).tobytes
        # Bounds that are the same on both sides need one comparison less.
        self._symmetric = dtype.kind == "f" and bool((self._low == -self._high).all())
        self._sizes = np.empty(self.shape, dtype)
        self._limits = np.broadcast_to(self._high, self.shape).copy()

    def check(self, actions: ArrayLike, env_ids: NDArray[np.intp]) -> NDArray[Any]:
        """The batch in the action buffer's dtype.

        Args:
          actions: (rows, ...) numbers.
          env_ids: (rows,) sub-env of each row, for messages.

        Returns:
          (rows, ...) of the buffer's dtype; ``actions`` itself where it fits.

        Raises:
          InvalidActionError: wrong shape or dtype, not finite, or out of range;
            names the sub-env, the component and the value.
        """
        # An equal dtype that is another object is rare; it is converted to itself.
        if type(actions) is not _ndarray or actions.dtype is not self._dtype:
            actions = self._converted(actions)
        if actions.shape != self.shape:
            raise InvalidActionError(
                f"Actions have shape {actions.shape}, expected {self.shape}: one row "
                "for each sub-env.",
                "Pass one action for each sub-env that recv() returned.",
            )
        # NaN compares False, so this finds NaN and infinity as well.
        if self._symmetric:
            _less_equal(_absolute(actions, self._sizes), self._limits, self._inside)
        else:
            np.greater_equal(actions, self._low, self._inside)
            np.less_equal(actions, self._high, self._below)
            np.logical_and(self._inside, self._below, self._inside)
        if self._inside_bytes() != self._all_true:
            self._refuse(actions, self._inside, env_ids, inner=None)
        return actions

    def check_chunk(self, chunk: ArrayLike, env_ids: NDArray[np.intp]) -> NDArray[Any]:
        """The same for K actions of every sub-env, time on axis 0.

        Args:
          chunk: (K, rows, ...) numbers.
          env_ids: (rows,) sub-env of each row, for messages.

        Raises:
          InvalidActionError: as in :meth:`check`; names the inner step, too.
        """
        array = self._converted(chunk)
        if array.ndim != len(self.shape) + 1 or array.shape[1:] != self.shape:
            raise InvalidActionError(
                f"A chunk has shape {array.shape}, expected "
                f"(chunk_len, {', '.join(map(str, self.shape))}).",
                "Put time on axis 0 and one row for each sub-env on axis 1.",
            )
        if not len(array):
            raise InvalidActionError(
                "A chunk holds no actions, expected at least one.",
                "Pass an array whose axis 0 has length 1 or more.",
            )
        inside = (array >= self._low) & (array <= self._high)
        if not inside.all():
            inner = int(np.argwhere(~inside)[0, 0])
            self._refuse(array[inner], inside[inner], env_ids, inner=inner)
        return array

    def _converted(self, actions: ArrayLike) -> NDArray[Any]:
        array = np.asarray(actions)
        allowed = "fiu" if self._dtype.kind == "f" else "iu"
        if array.dtype.kind not in allowed:
            kind = "real numbers" if self._dtype.kind == "f" else "whole numbers"
            raise InvalidActionError(
                f"Actions have dtype {array.dtype}, expected {kind}.",
                f"Pass a {self._dtype} array of shape {self.shape}.",
            )
        return array.astype(self._dtype, copy=False)

    def _refuse(
        self,
        actions: NDArray[Any],
        inside: NDArray[np.bool_],
        env_ids: NDArray[np.intp],
        inner: int | None,
    ) -> None:
        row, *component = (int(i) for i in np.argwhere(~inside)[0])
        at = tuple(component)
        where = f", component {', '.join(map(str, at))}" if at else ""
        when = "" if inner is None else f" in inner step {inner}"
        low, high = self._low[at], self._high[at]
        raise InvalidActionError(
            f"Action of sub-env {int(env_ids[row])}{when}{where} is "
            f"{actions[(row, *at)]}, expected a number in [{low:g}, {high:g}].",
            "Clip the policy's output, and look for NaN in its input.",
        )


def _bounds(
    space: gymnasium.Space[Any], dtype: np.dtype[Any]
) -> tuple[NDArray[Any], NDArray[Any]]:
    if isinstance(space, gymnasium.spaces.Box):
        return space.low.astype(dtype), space.high.astype(dtype)
    if isinstance(space, gymnasium.spaces.Discrete):
        start = int(space.start)
        return np.array(start, dtype), np.array(start + int(space.n) - 1, dtype)
    if isinstance(space, gymnasium.spaces.MultiDiscrete):
        return np.zeros(space.nvec.shape, dtype), (space.nvec - 1).astype(dtype)
    raise InvalidActionError(
        f"Action space {space} is of a kind that no buffer can hold.",
        "Use Box, Discrete or MultiDiscrete, or PufferLib's emulation.",
    )
