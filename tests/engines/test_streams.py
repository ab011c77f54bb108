"""An episode's chance in the place of the global one, which is the user's again."""

import random

import numpy as np
import pytest

from rlbench_puffer.engines.rlbench.streams import GlobalStreams

WORDS = np.arange(8, dtype=np.uint32)


def _drawn() -> list[float]:
    return [np.random.normal(), np.random.rand(), random.random()]  # noqa: NPY002


def test_an_episode_draws_from_its_own_stream_and_nobody_elses() -> None:
    streams = GlobalStreams()
    streams.begin(WORDS)
    np.random.seed(1)  # noqa: NPY002
    random.seed(1)
    alone = [*_drawn(), *_drawn()]
    np.random.seed(1)  # noqa: NPY002
    random.seed(1)
    users = _drawn()
    with streams.active():
        first = _drawn()
    # NumPy keeps every other normal number for later: that is the user's, too.
    users += _drawn()
    with streams.active():
        second = _drawn()
    assert users == alone
    streams.begin(WORDS)
    with streams.active():
        assert [*_drawn(), *_drawn()] == first + second


def test_an_error_gives_the_user_the_functions_back() -> None:
    streams = GlobalStreams()
    before = np.random.rand
    with pytest.raises(ValueError, match="negative"), streams.active():
        np.random.rand(-1)  # noqa: NPY002
    assert np.random.rand is before


def test_what_a_user_put_in_a_functions_place_stays_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    streams = GlobalStreams()
    with streams.active():
        pass

    def own(*_: int) -> float:
        return 7.0

    monkeypatch.setattr(np.random, "rand", own)
    with streams.active():
        assert np.random.rand is not own
    assert np.random.rand is own
