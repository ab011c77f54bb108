"""Gymnasium's merged infos, taken apart again."""

from typing import Any

import numpy as np

Info = dict[str, Any]


def interesting_infos(infos: dict[str, Any], num_envs: int) -> list[Info]:
    """The infos of sub-envs with something to say, one dict for each.

    That is: an episode began or ended, or an action could not be carried out.

    Args:
      infos: what AsyncVectorEnv returns: arrays by key, with a mask for each.
      num_envs: how many sub-envs.

    Returns:
      Dicts with ``env_id``; what an episode's begin tells has no ``success``.
    """
    began = infos.get("_descriptions")
    ended = infos.get("_episode")
    invalid = infos.get("_invalid_action")
    if began is None and ended is None and invalid is None:
        return []
    told = []
    for env_id in range(num_envs):
        if ended is not None and ended[env_id]:
            told.append({"env_id": env_id, **_row(infos, env_id)})
        elif began is not None and began[env_id]:
            row = _row(infos, env_id)
            row.pop("success", None)
            told.append({"env_id": env_id, **row})
        elif invalid is not None and invalid[env_id]:
            text = infos["invalid_action"][env_id]
            told.append({"env_id": env_id, "invalid_action": text})
    return told


def _row(infos: dict[str, Any], env_id: int) -> Info:
    row: Info = {}
    for name, values in infos.items():
        if name.startswith("_"):
            continue
        mask = infos.get(f"_{name}")
        if mask is not None and not mask[env_id]:
            continue
        row[name] = _plain(values, env_id)
    return row


def _plain(values: Any, env_id: int) -> Any:
    if isinstance(values, dict):
        return _row(values, env_id)
    value = values[env_id]
    return value.item() if isinstance(value, np.generic) else value
