"""The native backend: batches in the background, faults without a process, Ctrl-C."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contract.vector_contract import Model, actions_for
from fake_pools import make_fake_pool
from fakes import CountingEnv, FaultyEnv
from rlbench_puffer import make_vec
from rlbench_puffer.errors import CallOrderError, WorkerRaisedError
from rlbench_puffer.vector.affinity import leave_cores
from rlbench_puffer.vector.native import NativeVecEnv
from rlbench_puffer.vector.seeding import derive_seeds

TESTS = Path(__file__).parent.parent
ZEROS = np.zeros((2, 2), np.float32)


def make_faulty(when: str, how: str, flag: Path | None, **options: Any) -> Any:
    """Sub-envs 0 and 1 in a batch that lives, 2 and 3 in one that fails."""
    fault = {"when": when, "how": how, "victim": 2, "at": options.pop("at", 1)}
    if flag is not None:
        fault["flag"] = str(flag)
    return make_fake_pool(
        "native", 4, 2, env_class=FaultyEnv, env_options=fault, batch_size=2, **options
    )


class EventEnv(CountingEnv):
    """Tells when the second batch steps, and steps only when it is let."""

    started = threading.Event()
    let = threading.Event()

    def step(self, actions: Any, held: Any = None) -> Any:
        """Step once the caller says so."""
        if self.first_env_id:
            self.started.set()
            assert self.let.wait(60)
        return super().step(actions, held)


def test_half_the_sub_envs_step_while_the_caller_works_on_the_others() -> None:
    EventEnv.started.clear()
    EventEnv.let.clear()
    with make_fake_pool("native", 4, env_class=EventEnv, batch_size=2) as vec:
        vec.async_reset(seed=0)
        for expected in ([0, 1], [2, 3]):
            assert vec.recv()[5].tolist() == expected
            vec.send(ZEROS)
        assert vec.recv()[5].tolist() == [0, 1]
        # Nobody has asked for the second batch, and its step is under way.
        assert EventEnv.started.wait(60)
        vec.send(ZEROS)
        EventEnv.let.set()
        assert vec.recv()[5].tolist() == [2, 3]


def settle(vec: Any) -> dict[str, Any]:
    """Accounts after everything that was sent has been done."""
    for _, results in vec._pending:
        results.result()
    return vec.health()["accounts"]


def test_batches_come_in_the_order_they_were_sent_with_their_own_results() -> None:
    model = Model(derive_seeds(3, 6))
    actions = actions_for(20, 6)
    expected = np.zeros((6, 3))
    with make_fake_pool("native", 6, batch_size=2) as vec:
        vec.async_reset(seed=3)
        for number in range(60):
            observations, rewards, terminals, truncations, _, env_ids, _ = vec.recv()
            first = number % 3 * 2
            assert env_ids.tolist() == [first, first + 1]
            assert observations.tolist() == [model.observation(i) for i in env_ids]
            told = np.stack([rewards, terminals, truncations], axis=1)
            assert told.tolist() == expected[env_ids].tolist()
            vec.send(actions[number // 3, env_ids])
            for i in env_ids:
                expected[i] = model.step(i, actions[number // 3, i])
        accounts = settle(vec)
    assert accounts["steps"] + accounts["autoresets"] == 60 * 2


def test_a_reset_drops_steps_that_wait_in_the_background() -> None:
    with make_fake_pool("native", 4, batch_size=2) as vec:
        vec.async_reset(seed=0)
        vec.recv()
        vec.send(ZEROS)
        vec.recv()
        vec.send(ZEROS)
        for seed in (1, 2):
            vec.async_reset(seed=seed)
        seeds = derive_seeds(2, 4)
        for first in (0, 2):
            observations, *_, infos, _, _ = vec.recv()
            assert observations[:, 0].tolist() == [
                seeds[first + i] % 1000 for i in range(2)
            ]
            assert observations[:, 2].tolist() == [0, 0]
            assert [info["env_id"] for info in infos] == [first, first + 1]
            vec.send(ZEROS)


@pytest.mark.parametrize("how", ["raise", "nan_observation", "nan_reward"])
def test_a_fault_in_a_step_costs_only_its_batch(how: str, tmp_path: Path) -> None:
    vec = make_faulty("step", how, tmp_path / "failed", at=3)
    model = Model(derive_seeds(3, 4))
    vec.async_reset(seed=3)
    taken = 0
    for number in range(40):
        observations, _, _, truncations, infos, env_ids, _ = vec.recv()
        faults = {info["env_id"]: info for info in infos if "fault" in info}
        # The third step of the second batch: reset and two steps came before.
        if number == 7:
            assert sorted(faults) == [2, 3]
            assert "Worker 1 raised" in faults[2]["fault"]
            assert faults[3]["success"] is False
            assert observations.tolist() == [[0.0] * 4] * 2
            assert truncations.all()
            for i in (2, 3):
                model.over[i] = True
        else:
            assert not faults
            rows = [model.observation(i) for i in env_ids]
            assert observations.tolist() == rows, number
        vec.send(ZEROS)
        taken += 2
        for row, i in enumerate(env_ids):
            if number != 5 or i < 2:
                model.step(int(i), ZEROS[row])
    accounts = settle(vec)
    names = ("steps", "autoresets", "ignored_actions", "lost_actions")
    assert sum(accounts[name] for name in names) == taken
    assert (accounts["restarts"], accounts["lost_episodes"]) == (1, 2)
    assert "Worker 1 raised" in vec.health()["last_faults"][0]
    vec.close()


def test_a_fault_in_a_chunk_loses_the_chunk_and_the_next_one_goes_on(
    tmp_path: Path,
) -> None:
    fault = {"when": "step", "how": "raise", "at": 6, "flag": str(tmp_path / "failed")}
    vec = make_fake_pool("native", 2, 1, env_class=FaultyEnv, env_options=fault)
    vec.reset(seed=3)
    chunk = np.zeros((4, 2, 2), np.float32)
    vec.step_chunk(chunk)
    observations, _, _, truncations, infos = vec.step_chunk(chunk)
    assert observations.tolist() == [[0.0] * 4] * 2
    assert truncations.tolist() == [[True] * 2] + [[False] * 2] * 3
    assert [info["success"] for info in infos if "fault" in info] == [False] * 2
    observations, _, _, truncations, _ = vec.step_chunk(chunk)
    assert observations[:, 2].tolist() == [3.0, 3.0]
    # The lost chunk ended episode 0 and would have begun 1.
    assert not truncations.any()
    vec.close()


def test_a_fault_in_a_reset_is_tried_again(tmp_path: Path) -> None:
    vec = make_faulty("reset", "raise", tmp_path / "failed")
    vec.async_reset(seed=3)
    expected = Model(derive_seeds(3, 4))
    for first in (0, 2):
        rows = [expected.observation(first + i) for i in range(2)]
        assert vec.recv()[0].tolist() == rows
        vec.send(ZEROS)
    assert vec.health()["accounts"]["restarts"] == 1
    vec.close()


def test_a_batch_that_cannot_be_built_is_named() -> None:
    with pytest.raises(WorkerRaisedError, match=r"Worker 1 raised ValueError.*in init"):
        make_faulty("init", "raise", None)


@pytest.mark.parametrize(
    ("options", "restarts"), [({"on_fault": "raise"}, 0), ({"max_restarts": 2}, 2)]
)
def test_a_fault_is_raised_in_the_end(options: dict[str, Any], restarts: int) -> None:
    vec = make_faulty("step", "raise", None, **options)
    vec.async_reset(seed=0)

    def step_on() -> None:
        for _ in range(40):
            vec.recv()
            vec.send(ZEROS)

    with pytest.raises(WorkerRaisedError, match="the fake was told to raise") as caught:
        step_on()
    assert caught.value.worker_index == 1
    assert isinstance(caught.value.__cause__, ValueError)
    assert vec.health()["accounts"]["restarts"] == restarts
    with pytest.raises(CallOrderError, match=r"after a fault.*close\(\)"):
        vec.recv()
    vec.close()


def test_a_simulation_that_becomes_unstable_is_truncated_alone() -> None:
    with make_vec("reach_target", 3, backend="native") as vec:
        assert isinstance(vec, NativeVecEnv)
        vec.reset(seed=0)
        engine: Any = vec._batches[0]._runner.host.engines()[0]
        engine.scene.batch.state[1] = np.nan
        zeros = np.zeros((3, 8), np.float32)
        _, _, terminals, truncations, infos = vec.step(zeros)
        assert truncations.tolist() == [False, True, False]
        assert not terminals.any()
        assert [info["env_id"] for info in infos] == [1]
        assert "unstable" in infos[0]["fault"]
        assert vec.health()["accounts"]["restarts"] == 0
        observations, *_, infos = vec.step(zeros)
        assert [info["env_id"] for info in infos] == [1]
        assert np.isfinite(observations).all()


class InterruptedEnv(CountingEnv):
    """Gets Ctrl-C in the midst of its third step."""

    def step(self, actions: Any, held: Any = None) -> Any:
        """Step half the way."""
        if self._lengths[0] == 2:
            signal.raise_signal(signal.SIGINT)
        return super().step(actions, held)


def test_after_ctrl_c_in_a_step_a_reset_is_asked_for_and_enough() -> None:
    with make_fake_pool("native", 2, env_class=InterruptedEnv) as vec:
        vec.reset(seed=5)
        vec.step(ZEROS)
        vec.step(ZEROS)
        with pytest.raises(KeyboardInterrupt):
            vec.step(ZEROS)
        with pytest.raises(CallOrderError, match=r"not yet reset.*reset\(\)"):
            vec.step(ZEROS)
        again = vec.reset(seed=5)[0]
        assert again[:, 1:].tolist() == [[0, 0, 0]] * 2


@pytest.mark.parametrize("batch_size", [8, 4])
def test_ctrl_c_ends_a_script_with_one_traceback(
    batch_size: int, tmp_path: Path
) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import numpy as np\n"
        "from rlbench_puffer import make_vec\n"
        f"vec = make_vec('reach_target', 8, backend='native', batch_size={batch_size})"
        "\nvec.async_reset(seed=0)\n"
        "print('running', flush=True)\n"
        "while True:\n"
        f"    vec.recv()\n    vec.send(np.zeros(({batch_size}, 8), np.float32))\n"
    )
    with subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "running\n"
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode != 0
    assert errors.count("Traceback") == 1, errors
    assert errors.rstrip().endswith("KeyboardInterrupt")


def test_threads_end_with_close() -> None:
    before = threading.active_count()
    vec = make_fake_pool("native", 4, batch_size=2)
    vec.async_reset(seed=0)
    assert threading.active_count() == before + 1
    vec.close()
    vec.close()
    assert threading.active_count() == before


def test_a_kept_view_changes_and_a_copy_stays() -> None:
    for copy in (False, True):
        with make_fake_pool("native", 2, copy=copy) as vec:
            vec.reset(seed=0)
            kept = vec.step(ZEROS)[0]
            vec.step(ZEROS)
            assert (kept[:, 2] == (1.0 if copy else 2.0)).all()


def test_threads_keep_to_cores_of_their_own_and_the_caller_stays_free() -> None:
    at_hand = sorted(os.sched_getaffinity(0))
    if len(at_hand) < 2:
        pytest.skip("needs two cores")
    for affinity, batch_size in (("auto", 4), (None, 4), ("spread", 2)):
        with make_vec(
            "reach_target", 4, backend="native", num_workers=2,
            batch_size=batch_size, cpu_affinity=affinity,
        ) as vec:  # fmt: skip
            assert isinstance(vec, NativeVecEnv)
            vec.async_reset(seed=0)
            vec.recv()
            vec.send(np.zeros((batch_size, 8), np.float32))
            for batch in vec._batches:
                (engine,) = batch._runner.host.engines()
                (thread,) = engine.thread_ids  # pyright: ignore[reportAttributeAccessIssue]
                free = affinity is None or (affinity == "auto" and len(at_hand) > 2)
                bound = set(at_hand) if free else {at_hand[1]}
                assert os.sched_getaffinity(thread) == bound
            assert sorted(os.sched_getaffinity(0)) == at_hand


def test_a_thread_on_a_taken_core_leaves_it_and_may_go_anywhere() -> None:
    at_hand = os.sched_getaffinity(0)
    if len(at_hand) < 2:
        pytest.skip("needs two cores")
    free, taken = sorted(at_hand)[:2]
    os.sched_setaffinity(0, {taken})
    try:
        # Nowhere else to go for good: it goes, and its own bounds call it back.
        leave_cores(frozenset({taken}), free)
        assert os.sched_getaffinity(0) == {taken}
    finally:
        os.sched_setaffinity(0, at_hand)
    leave_cores(frozenset({taken}), free)
    assert os.sched_getaffinity(0) == at_hand
