"""Places, shares, cores and seeds of ranks, from torchrun's variables alone."""

import pytest

from rlbench_puffer.distributed.make import join_ranks
from rlbench_puffer.distributed.place import (
    Place,
    own_gpu,
    rank_seed,
    read_place,
    share_cores,
    share_envs,
    share_out,
)
from rlbench_puffer.errors import ConfigError, InvalidOptionError

TORCHRUN = {"RANK": "5", "LOCAL_RANK": "1", "WORLD_SIZE": "8", "LOCAL_WORLD_SIZE": "4"}


def test_a_place_is_read_from_torchruns_variables() -> None:
    place = read_place(TORCHRUN)
    assert (place.rank, place.local_rank) == (5, 1)
    assert (place.world_size, place.local_world_size) == (8, 4)
    assert place.launched
    assert place.label == "rank 5: "


def test_without_torchrun_a_process_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_place({"RANK": "3"}) == Place()
    assert Place().label == ""
    for name in TORCHRUN:
        monkeypatch.delenv(name, raising=False)
    with join_ranks() as ranks:
        assert (ranks.size, ranks.rank, ranks.is_main) == (1, 0, True)
        assert ranks.gather("own") == ["own"]


@pytest.mark.parametrize("name", ["LOCAL_RANK", "LOCAL_WORLD_SIZE"])
def test_an_incomplete_environment_is_told_by_name(name: str) -> None:
    with pytest.raises(ConfigError, match=rf"{name}='' is no number.*torchrun"):
        read_place({key: value for key, value in TORCHRUN.items() if key != name})


@pytest.mark.parametrize(("total", "parts"), [(10, 4), (8, 2), (3, 3), (2, 5)])
def test_shares_add_up_and_differ_by_one_at_most(total: int, parts: int) -> None:
    shares = share_out(total, parts)
    assert sum(shares) == total
    assert max(shares) - min(shares) <= 1
    assert shares == sorted(shares, reverse=True)


def test_sub_envs_are_given_per_rank_or_in_all() -> None:
    place = Place(world_size=4)
    assert share_envs(place, 3, None, 8) == [3] * 4
    assert share_envs(place, None, None, 8) == [8] * 4
    assert share_envs(place, None, 10, 8) == [3, 3, 2, 2]
    with pytest.raises(InvalidOptionError, match="at least 4, one sub-env for each"):
        share_envs(place, None, 3, 8)
    with pytest.raises(InvalidOptionError, match="Leave out one of the two"):
        share_envs(place, 3, 10, 8)
    with pytest.raises(InvalidOptionError, match="at least 1"):
        share_envs(place, 0, None, 8)


@pytest.mark.parametrize(("cores", "ranks"), [(8, 2), (7, 3), (2, 2)])
def test_ranks_of_a_node_share_no_core_and_leave_none(cores: int, ranks: int) -> None:
    at_hand = range(10, 10 + cores)
    shares = [
        share_cores(at_hand, Place(local_rank=rank, local_world_size=ranks))
        for rank in range(ranks)
    ]
    assert sorted(core for share in shares for core in share) == list(at_hand)


def test_more_ranks_than_cores_take_turns() -> None:
    places = [Place(local_rank=rank, local_world_size=3) for rank in range(3)]
    assert [share_cores((4, 6), place) for place in places] == [(4,), (6,), (4,)]


def test_ranks_draw_from_seeds_of_their_own() -> None:
    seeds = [rank_seed(seed, rank) for seed in (0, 1) for rank in range(4)]
    assert len(set(seeds)) == 8
    assert rank_seed(7, 0) == 7
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_gpus_are_bound_under_torchrun_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RANK", raising=False)
    with pytest.raises(InvalidOptionError, match="torchrun --nproc-per-node"):
        join_ranks(bind_gpu=True)


def test_every_rank_of_a_node_has_the_gpu_of_its_local_number() -> None:
    """Whatever its number in the job: the second of two nodes begins at 0, too."""
    places = [
        Place(rank=rank, local_rank=rank % 2, world_size=4, local_world_size=2)
        for rank in range(4)
    ]
    assert [own_gpu(place, 2) for place in places] == [0, 1, 0, 1]
    assert [own_gpu(place, 8) for place in places] == [0, 1, 0, 1]
    with pytest.raises(
        InvalidOptionError, match=r"2 GPUs on this node.*finds 1.*fewer"
    ):
        own_gpu(places[0], 1)
