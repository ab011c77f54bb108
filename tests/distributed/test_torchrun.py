"""Whole jobs of torchrun: ranks that work together, and that end together."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

torch = pytest.importorskip(
    "torch", reason="torch is not installed: uv sync --extra train"
)
pytest.importorskip("tensorboard", reason="needs uv sync --extra train")

# torch is imported by torchrun and by every rank, which takes seconds.
pytestmark = [pytest.mark.timeout(300), pytest.mark.slow]

DEADLINE_S = 120.0
TRAIN = [
    "train", "--num-workers", "1", "--num-steps", "8", "--max-steps", "5",
    "--train-hidden", "8", "--eval-episodes", "3", "--checkpoint-interval", "1",
    "--num-envs-total", "6", "--minibatch-size", "16", "--eval-interval", "2",
]  # fmt: skip
PICTURES = ("--cameras", "front", "--camera-size", "36", "40", "--frame-stack", "2")


@contextmanager
def torchrun(
    *arguments: str, ranks: int = 2, options: tuple[str, ...] = ()
) -> Iterator[subprocess.Popen[str]]:
    """A job; whatever is left of it is killed at the end."""
    launcher = options or ("--standalone",)
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "torch.distributed.run", *launcher),
            *(f"--nproc-per-node={ranks}", "-m", "rlbench_puffer", *arguments),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        for child in family(process.pid):
            child.kill()
        process.communicate()


def family(pid: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def marked(variable: str, value: str) -> list[psutil.Process]:
    """Other processes with this in their environment, whoever their parent is."""
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get(variable) == value and process.pid != os.getpid():
                found.append(process)
    return found


def finished(
    process: subprocess.Popen[str], deadline: float = DEADLINE_S
) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=deadline)
    return process.returncode, out, err


def curve(folder: Path) -> list[dict[str, float]]:
    """The records without times, and without evaluations, which have their moments."""
    left_out = ("seconds", "steps_per_second", "eval_")
    return [
        {
            key: value
            for key, value in json.loads(line).items()
            if not key.startswith(left_out)
        }
        for line in (folder / "curve.jsonl").read_text().splitlines()
    ]


@pytest.mark.parametrize(
    "eyes",
    [
        pytest.param((), id="numbers"),
        pytest.param(PICTURES, id="pictures", marks=pytest.mark.display),
    ],
)
def test_ranks_train_as_one_run_and_resume_bit_for_bit(
    eyes: tuple[str, ...], tmp_path: Path
) -> None:
    whole, halves = tmp_path / "whole", tmp_path / "halves"
    for folder, updates, more in (
        (whole, "4", ()),
        # The first update has the same learning rate, however many follow.
        (halves, "1", ()),
        (halves, "4", ("--resume",)),
    ):
        with torchrun(
            *(*TRAIN, *eyes, "--train-updates", updates),
            *("--output-dir", str(folder), *more),
        ) as job:
            code, out, err = finished(job)
        assert code == 0, err
        assert out.count("envs_per_rank=[3, 3]") == 1
        # Nobody but rank 0 prints.
        assert out.count("3 episodes: success once") == 1
        assert out.count(f"update {updates}/{updates}") == 1
    told = curve(whole)
    assert [record["update"] for record in told] == [1, 2, 3, 4]
    # Six sub-envs, eight steps, episodes of five: the sixth step is a reset.
    assert told[0]["env_steps"] == 6 * 7
    assert told[0]["episodes"] == 6
    assert curve(halves) == told
    # One film of each evaluation, of which updates 2 and 4 had one: rank 0's.
    films = ["update00002_env00_front.mp4", "update00004_env00_front.mp4"]
    found = sorted(path.name for path in (whole / "videos").glob("*"))
    assert found == (films if eyes else [])
    with torchrun(
        *(*TRAIN, *eyes, "--train-updates", "5"),
        *("--output-dir", str(whole), "--resume"),
        ranks=3,
    ) as job:
        code, _, err = finished(job)
    assert code != 0
    assert "its ranks is 2, asked for is 3" in err
    assert len(curve(whole)) == 4


@pytest.mark.display
@pytest.mark.timeout(600)
def test_ranks_learn_from_pictures_in_bfloat16_and_compiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As they do without, but for rounding; the compiler's processes end, too."""
    cache = str(tmp_path / "cache")
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", cache)
    told = []
    for name, options in (
        ("plain", ()),
        ("bf16", ("--precision", "bf16")),
        ("compiled", ("--compile",)),
    ):
        with torchrun(
            *(*TRAIN, *PICTURES, "--no-video", "--train-updates", "1", *options),
            *("--output-dir", str(tmp_path / name)),
        ) as job:
            code, _, err = finished(job, 300.0)
        assert code == 0, err
        told += curve(tmp_path / name)
    plain, bf16, compiled = told
    for part in ("policy_loss", "value_loss", "entropy", "return"):
        assert compiled[part] == pytest.approx(plain[part], rel=1e-3, abs=1e-5)
    assert bf16["value_loss"] == pytest.approx(plain["value_loss"], rel=0.2)
    assert bf16["value_loss"] != plain["value_loss"]
    _, alive = psutil.wait_procs(marked("TORCHINDUCTOR_CACHE_DIR", cache), timeout=10.0)
    assert not alive


@pytest.mark.gpu
@pytest.mark.parametrize("ranks", [1, 2])
def test_ranks_with_a_gpu_each_learn_as_processors_do(
    ranks: int, tmp_path: Path
) -> None:
    if torch.cuda.device_count() < ranks:
        pytest.skip(f"{torch.cuda.device_count()} of {ranks} GPUs are here")
    told = []
    for name, options in (("cpu", ()), ("cuda", ("--ddp-bind-gpu", "--device=cuda"))):
        with torchrun(
            *(*TRAIN, "--train-updates", "1", *options),
            *("--output-dir", str(tmp_path / name)),
            ranks=ranks,
        ) as job:
            code, _, err = finished(job)
        assert code == 0, err
        told += curve(tmp_path / name)
    here, there = told
    assert there["env_steps"] == here["env_steps"]
    assert there["value_loss"] == pytest.approx(here["value_loss"], rel=1e-2)


def test_ranks_are_measured_together() -> None:
    with torchrun(
        *("bench", "--backend", "native", "--num-envs-total", "5", "--seconds", "0.2"),
        *("--repeats", "2", "--max-steps", "10", "--json"),
    ) as job:
        code, out, err = finished(job)
    assert code == 0, err
    first, line = out.splitlines()
    assert first == "envs_per_rank=[3, 2]"
    row = json.loads(line)
    assert (row["num_envs"], row["ranks"], row["max_steps"]) == (5, 2, 10)
    assert row["episodes"] > 0
    assert len(row["samples"]) == 2
    assert row["seed"] == 0


def test_fewer_sub_envs_than_ranks_are_refused() -> None:
    with torchrun("train", "--num-envs-total", "1") as job:
        code, out, err = finished(job)
    assert code != 0
    assert "num_envs_total=1 does not fit: expected at least 2" in err
    assert "rlbench-puffer: rank " in err
    assert "envs_per_rank" not in out


def test_a_killed_rank_ends_the_job_and_leaves_nothing(tmp_path: Path) -> None:
    with torchrun(
        *("train", "--backend", "shm", "--num-envs", "2", "--num-workers", "2"),
        *("--train-updates", "100000", "--output-dir", str(tmp_path)),
    ) as job:
        curve_file = tmp_path / "curve.jsonl"
        until = time.monotonic() + DEADLINE_S
        while not (curve_file.is_file() and curve_file.stat().st_size):
            assert job.poll() is None
            assert time.monotonic() < until
            time.sleep(0.1)
        everyone = family(job.pid)
        ranks = [
            process
            for process in everyone
            if process.ppid() == job.pid and process.environ().get("RANK") is not None
        ]
        assert len(ranks) == 2
        assert len(everyone) >= 1 + 2 + 4
        (victim,) = [one for one in ranks if one.environ()["RANK"] == "1"]
        began = time.monotonic()
        victim.send_signal(signal.SIGKILL)
        code, _, err = finished(job)
        took = time.monotonic() - began
    assert code != 0
    assert took < 10.0
    assert "Signal 9 (SIGKILL)" in err
    _, alive = psutil.wait_procs(everyone, timeout=5.0)
    assert not alive


def test_a_killed_launcher_leaves_no_rank(tmp_path: Path) -> None:
    with torchrun(
        *("train", "--backend", "shm", "--num-envs", "2", "--num-workers", "1"),
        *("--train-updates", "100000", "--output-dir", str(tmp_path)),
    ) as job:
        curve_file = tmp_path / "curve.jsonl"
        until = time.monotonic() + DEADLINE_S
        while not (curve_file.is_file() and curve_file.stat().st_size):
            assert time.monotonic() < until
            time.sleep(0.1)
        everyone = family(job.pid)
        job.kill()
        _, alive = psutil.wait_procs(everyone, timeout=10.0)
        assert not alive


def test_two_nodes_are_one_job(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    rendezvous = (
        *("--nnodes=2", "--rdzv-backend=c10d", "--rdzv-id=test"),
        f"--rdzv-endpoint=127.0.0.1:{port}",
        "--local-addr=127.0.0.1",
    )
    command = [*TRAIN, "--train-updates", "2", "--output-dir", str(tmp_path)]
    with (
        torchrun(*command, ranks=1, options=rendezvous) as one,
        torchrun(*command, ranks=1, options=rendezvous) as other,
    ):
        results = [finished(one), finished(other)]
    assert [code for code, _, _ in results] == [0, 0], results
    told = [out for _, out, _ in results]
    assert sorted(out.count("envs_per_rank=[3, 3]") for out in told) == [0, 1]
    assert len(curve(tmp_path)) == 2
