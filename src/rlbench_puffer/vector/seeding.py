"""Seeds of sub-envs: one integer for each, derived from the user's one seed."""

from collections.abc import Sequence

import numpy as np

from rlbench_puffer.errors import InvalidOptionError


def derive_seeds(seed: int, num_envs: int) -> list[int]:
    """The seeds of all sub-envs of a vector environment.

    Sub-env i gets 63 bits of ``SeedSequence(seed, spawn_key=(i,))``: they depend on
    nothing but ``seed`` and i, so they are the same on every backend and for every
    number of workers, and close seeds share no sub-env's stream.

    Args:
      seed: any whole number of at least 0.
      num_envs: how many sub-envs.

    Returns:
      ``num_envs`` ints in [0, 2**63).
    """
    return [
        int(
            np.random.SeedSequence(seed, spawn_key=(i,)).generate_state(1, np.uint64)[0]
        )
        >> 1
        for i in range(num_envs)
    ]


def fresh_seed() -> int:
    """A seed from the operating system's entropy, 63 bits."""
    return int(np.random.SeedSequence().generate_state(1, np.uint64)[0]) >> 1


def sub_env_seeds(seed: int | Sequence[int] | None, num_envs: int) -> list[int]:
    """What ``reset(seed=...)`` gives each sub-env.

    Args:
      seed: one number to derive all seeds from, a list with one seed for each
        sub-env (taken as it is), or None for fresh entropy.
      num_envs: how many sub-envs.

    Raises:
      InvalidOptionError: not a whole number, negative, or a list of another length.
    """
    if seed is None:
        return derive_seeds(fresh_seed(), num_envs)
    if isinstance(seed, int | np.integer) and not isinstance(seed, bool):
        return derive_seeds(checked_seed(seed), num_envs)
    if isinstance(seed, Sequence) and not isinstance(seed, str):
        if len(seed) != num_envs:
            raise InvalidOptionError(
                "seed", seed, f"one seed for each of the {num_envs} sub-envs"
            )
        return [checked_seed(each) for each in seed]
    raise InvalidOptionError(
        "seed", seed, "a whole number, a list of them (one for each sub-env), or None"
    )


def checked_seed(seed: object) -> int:
    """The seed as an int, if it is one of 63 bits or fewer.

    Raises:
      InvalidOptionError: anything else.
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
        raise InvalidOptionError("seed", seed, "a whole number of at least 0")
    if not 0 <= int(seed) < 2**63:
        raise InvalidOptionError("seed", seed, "a whole number in [0, 2**63)")
    return int(seed)
