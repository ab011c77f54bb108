"""Minari's files: shards of demos, each written whole, and the set that joins them.

    DIR/demos-v0/data/          the whole set: links to the shards, ordered by index
    DIR/shard-000012-v0/data/   demos of one worker, a Minari dataset of its own
    DIR/shard-000012-v0/start_states.npz

With ``MINARI_DATASETS_PATH=DIR``, ``minari.load_dataset("demos-v0")`` loads the set.
Everything is written under another name first and then renamed.
"""

import contextlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import gymnasium
import h5py
import minari
from gymnasium.envs.registration import EnvSpec
from minari.data_collector import EpisodeBuffer
from minari.dataset.minari_storage import MinariStorage

from rlbench_puffer.demos.demo import Demo
from rlbench_puffer.demos.environment import make_again
from rlbench_puffer.envs.registration import NAMESPACE
from rlbench_puffer.errors import RecordingError
from rlbench_puffer.recording.states import load_states, save_states

WHOLE = "demos-v0"
"""Minari's name of the whole set."""

_SHARD = "shard-{:06d}-v0"
_SHARDS = "shard-*-v0"
_PART = ".part-"
_MAIN_FILE = "main_data.hdf5"
_STATES_FILE = "start_states.npz"


class ShardWriter:
    """Writes demos into one new shard; it has its name only once it is whole.

    Args:
      folder: of the whole set.
      task: the task's name.
      observation_space: of the environment.
      action_space: of the environment.
      spec: what Minari recovers the environment from.

    Raises:
      RecordingError: the disk refuses.
    """

    def __init__(
        self,
        folder: Path,
        task: str,
        observation_space: gymnasium.spaces.Dict,
        action_space: gymnasium.spaces.Box,
        spec: EnvSpec,
    ) -> None:
        self._folder = folder
        self._task = task
        self._part = folder / f"{_PART}{os.getpid()}"
        self._states: list[dict[str, Any]] = []
        self._first: int | None = None
        with _disk_errors(self._part):
            shutil.rmtree(self._part, ignore_errors=True)
            self._part.mkdir()
            self._storage = MinariStorage.new(
                # Minari counts sizes wrongly below a relative path.
                (self._part / "data").absolute(),
                observation_space,
                action_space,
                spec,
                # Pictures stay what the environment gave.
                jpeg_encoding=False,
            )

    def __len__(self) -> int:
        """Demos in it so far."""
        return len(self._states)

    def add(self, demo: Demo) -> None:
        """Write one demo."""
        buffer = EpisodeBuffer(
            seed=demo.seed,
            options={"variation": demo.variation},
            observations=dict(demo.observations),
            actions=demo.actions,  # pyright: ignore[reportArgumentType]
            rewards=demo.rewards,  # pyright: ignore[reportArgumentType]
            terminations=demo.terminations,  # pyright: ignore[reportArgumentType]
            truncations=demo.truncations,  # pyright: ignore[reportArgumentType]
            infos={"success": demo.successes},
        )
        facts: dict[str, Any] = {
            "index": demo.index,
            "task": demo.task,
            "episode_index": demo.episode_index,
            "variation": demo.variation,
            "descriptions": json.dumps(demo.descriptions),
            "success": demo.success,
            "versions": json.dumps(dict(demo.versions)),
            # HDF5 sorts them by name.
            "fields": json.dumps([*demo.observations]),
        }
        with _disk_errors(self._part):
            self._storage.update_episodes([buffer])
            self._storage.update_episode_metadata([facts], [len(self._states)])
        self._states.append(demo.start_state)
        if self._first is None:
            self._first = demo.index

    def close(self) -> Path | None:
        """Finish the shard.

        Returns:
          Its folder; None if no demo was added, then nothing is left.
        """
        if self._first is None:
            self.abandon()
            return None
        name = _SHARD.format(self._first)
        save_states(self._part / _STATES_FILE, self._task, self._states)
        with _disk_errors(self._part):
            self._storage.update_metadata(
                {
                    "dataset_id": name,
                    "minari_version": minari.__version__,
                    "algorithm_name": "scripted expert",
                    "description": f"Demos of rlbench_puffer's {self._task}.",
                }
            )
            self._part.rename(self._folder / name)
        return self._folder / name

    def abandon(self) -> None:
        """Remove what was written. After ``close`` there is nothing to remove."""
        shutil.rmtree(self._part, ignore_errors=True)


class Shard:
    """Reads one whole shard, a demo at a time.

    Args:
      path: the shard's folder.

    Raises:
      RecordingError: it is no shard.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._storage = MinariStorage.read((path / "data").absolute())
            count = self._storage.total_episodes
            facts = list(self._storage.get_episode_metadata(range(count)))
            self.indices = tuple(int(each["index"]) for each in facts)
        except (OSError, ValueError, KeyError) as error:
            raise RecordingError(
                f"{path} is no shard of demos: {error}. Remove it and collect again."
            ) from error
        self.facts = facts
        self._states: list[dict[str, Any]] = []

    @property
    def path(self) -> Path:
        """The shard's folder."""
        return self._path

    @property
    def megabytes(self) -> float:
        """Size of its data [MB], as Minari counts it."""
        return float(self._storage.get_size())

    def read(self, position: int) -> Demo:
        """The demo at a position within this shard."""
        if not self._states:
            _, self._states = load_states(self._path / _STATES_FILE)
        (episode,) = self._storage.get_episodes([position])
        facts = self.facts[position]
        return Demo(
            index=int(facts["index"]),
            task=str(facts["task"]),
            seed=int(facts["seed"]),
            episode_index=int(facts["episode_index"]),
            variation=int(facts["variation"]),
            descriptions=tuple(json.loads(facts["descriptions"])),
            start_state=self._states[position],
            observations={
                name: episode["observations"][name]
                for name in json.loads(facts["fields"])
            },
            actions=episode["actions"],
            rewards=episode["rewards"],
            terminations=episode["terminations"],
            truncations=episode["truncations"],
            successes=episode["infos"]["success"],
            versions=json.loads(facts["versions"]),
        )


def environment_spec(make_options: dict[str, Any]) -> EnvSpec:
    """What Minari's ``recover_environment`` makes the environment from.

    Args:
      make_options: arguments of :func:`make_again`, plain JSON.
    """
    return EnvSpec(
        id=f"{NAMESPACE}/{make_options['task']}-v0",
        entry_point=f"{make_again.__module__}:{make_again.__name__}",
        kwargs=make_options,
    )


def find_shards(folder: Path) -> list[Shard]:
    """The whole shards of a set, by name."""
    return [Shard(path) for path in sorted(folder.glob(_SHARDS))]


def remove_parts(folder: Path) -> None:
    """Remove what interrupted workers left unfinished."""
    for part in folder.glob(f"{_PART}*"):
        shutil.rmtree(part, ignore_errors=True)


def join_shards(folder: Path, shards: Sequence[Shard]) -> Path:
    """Write the whole set: Minari's files with links to every shard's demos.

    Returns:
      The data folder of the whole set, which ``minari.MinariDataset`` opens.

    Raises:
      RecordingError: the disk refuses, or an index is there twice.
    """
    places = [
        (index, shard, position)
        for shard in shards
        for position, index in enumerate(shard.indices)
    ]
    places.sort(key=lambda place: place[0])
    indices = [index for index, *_ in places]
    if len(set(indices)) != len(indices):
        raise RecordingError(
            f"{folder} holds a demo twice. Remove the newer of its shards."
        )
    data = folder / WHOLE / "data"
    metadata = MinariStorage.read_raw_metadata(shards[0].path / "data")
    metadata.update(
        dataset_id=WHOLE,
        total_episodes=len(places),
        total_steps=sum(
            int(shard.facts[position]["total_steps"]) for _, shard, position in places
        ),
        dataset_size=sum(shard.megabytes for shard in shards),
    )
    with _disk_errors(data):
        data.mkdir(parents=True, exist_ok=True)
        part = data / f"{_MAIN_FILE}.part"
        with h5py.File(part, "w", track_order=True) as file:
            for number, (_, shard, position) in enumerate(places):
                source = f"../../{shard.path.name}/data/{_MAIN_FILE}"
                file[f"episode_{number}"] = h5py.ExternalLink(
                    source, f"/episode_{position}"
                )
        part.replace(data / _MAIN_FILE)
        part = data / "metadata.json.part"
        part.write_text(json.dumps(metadata))
        part.replace(data / "metadata.json")
    return data


@contextlib.contextmanager
def _disk_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RecordingError(f"{path} cannot be written: {error}.") from error
