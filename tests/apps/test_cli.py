"""The command line: defaults, help, exit codes, and messages instead of tracebacks."""

import inspect
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import tyro

from rlbench_puffer.cli.bench import bench
from rlbench_puffer.cli.debug import debug
from rlbench_puffer.cli.demos import demos
from rlbench_puffer.cli.doctor import doctor
from rlbench_puffer.cli.gallery import gallery
from rlbench_puffer.cli.main import main
from rlbench_puffer.cli.plot import plot
from rlbench_puffer.cli.record import record
from rlbench_puffer.cli.sweep import sweep
from rlbench_puffer.cli.tasks import tasks
from rlbench_puffer.cli.train import train
from rlbench_puffer.cli.view import view

SUBCOMMANDS: dict[str, tuple[Callable[..., int], list[str]]] = {
    "sweep": (sweep, []),
    "plot": (plot, ["results"]),
    "bench": (bench, []),
    "debug": (debug, []),
    "train": (train, []),
    "tasks": (tasks, []),
    "demos": (demos, []),
    "record": (record, []),
    "gallery": (gallery, []),
    "view": (view, []),
    "doctor": (doctor, []),
}


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_every_subcommand_parses_with_its_defaults(name: str) -> None:
    function, arguments = SUBCOMMANDS[name]
    seen: list[inspect.BoundArguments] = []
    signature = inspect.signature(function)

    def stand_in(*args: object, **kwargs: object) -> int:
        seen.append(signature.bind(*args, **kwargs))
        return 0

    stand_in.__signature__ = signature
    stand_in.__annotations__ = function.__annotations__
    stand_in.__doc__ = function.__doc__
    assert tyro.cli(stand_in, args=arguments) == 0
    given = seen[0].arguments
    defaults = {
        parameter.name: parameter.default
        for parameter in signature.parameters.values()
        if parameter.default is not parameter.empty
    }
    assert {key: given.get(key, defaults[key]) for key in defaults} == defaults


@pytest.mark.parametrize("arguments", [[], *([name] for name in SUBCOMMANDS)])
def test_help_names_the_subcommands_and_options(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--help"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    if not arguments:
        assert all(name in told for name in SUBCOMMANDS)
    elif arguments == ["sweep"]:
        for option in ("tasks", "num-envs", "action-chunk", "resume", "no-resume"):
            assert f"--{option} " in told


def test_help_imports_no_simulator() -> None:
    script = (
        "import sys\n"
        "from rlbench_puffer.cli.main import main\n"
        "try:\n"
        "    main(['sweep', '--help'])\n"
        "finally:\n"
        "    heavy = {'mujoco', 'gymnasium', 'pufferlib', 'matplotlib'}\n"
        "    print('heavy:', sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.endswith("heavy: []\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sweep", "--tasks", "reach_targt"], "Did you mean 'reach_target'"),
        (["sweep", "--backends", "gymm"], "Did you mean 'gym'"),
        (["sweep", "--engine", "mujocco"], "Unknown engine"),
        (["sweep", "--num-envs", "3", "--num-workers", "2"], "num_envs=[3]"),
        (["sweep", "--action-chunk", "1000"], "at most 100"),
        (["sweep", "--resume", "--no-resume"], "either --resume or --no-resume"),
        (["sweep", "--out", "/proc/no/such"], "a folder that can be written to"),
        (["bench", "--num-envs", "6", "--num-workers", "4"], "The nearest are"),
        (["bench", "--backend", "smh"], "Did you mean 'shm'"),
        (["plot", "no/such/folder"], "cannot be read"),
    ],
)
def test_bad_input_is_one_message_and_exit_code_2(
    arguments: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert message in err
    assert err.startswith("rlbench-puffer: ")
    assert len(err.splitlines()) == 1
    assert out == ""


@pytest.mark.parametrize(
    "arguments", [["swep"], ["sweep", "--num-envs", "two"], ["bench", "--bakend", "x"]]
)
def test_what_cannot_be_parsed_ends_with_exit_code_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "Traceback" not in capsys.readouterr().err


def test_plot_draws_a_file_with_a_broken_last_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from benchmark.conftest import example_row
    from rlbench_puffer.benchmark.records import append_row

    path = tmp_path / "throughput_shm_num_w_2.jsonl"
    append_row(path, example_row())
    with path.open("a") as file:
        file.write('{"schema": 1, "t')
    assert main(["plot", str(path)]) == 0
    out, err = capsys.readouterr()
    figure = tmp_path / "throughput_shm_num_w_2_throughput_reach_target.png"
    assert f"Plot: {figure}\n" in out
    assert figure.read_bytes().startswith(b"\x89PNG")
    assert err == (
        f"rlbench-puffer: warning: {path}:2: the last line is broken, as a killed "
        "run leaves it; it was left out.\n"
    )


def test_tasks_are_listed_with_their_facts(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tasks"]) == 0
    out = capsys.readouterr().out
    for name in ("reach_target", "push_button", "open_drawer"):
        assert name in out


def test_the_module_is_the_console_script() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rlbench_puffer", "demos", "--episodes", "0"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("rlbench-puffer: episodes=0 does not fit")


def test_tasks_go_by_their_class_and_fast_wins_over_cameras(
    capsys: pytest.CaptureFixture[str],
) -> None:
    command = ["bench", "--backend", "serial", "--seconds", "0.05", "--repeats", "1"]
    asked = ["--task-class", "OpenDrawer", "--cameras", "front", "--arm-mode", "ik"]
    few = ["--num-envs", "2", "--max-steps", "5", "--fast", "--json"]
    assert main([*command, *asked, *few]) == 0
    row = json.loads(capsys.readouterr().out)
    assert row["task"] == "open_drawer"
    assert row["cameras"] == []
    assert row["action_mode"] == "joint_velocity/discrete"


@pytest.mark.parametrize(
    ("word", "mode"),
    [
        ("ik", "ee_pose_ik"),
        ("planning", "ee_pose_planning"),
        ("joint", "joint_velocity"),
        ("delta_ee_pose_ik", "delta_ee_pose_ik"),
    ],
)
def test_bench_takes_short_words_and_names_of_arm_modes(
    word: str, mode: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["bench", "--backend", "serial", "--seconds", "0.05", "--repeats", "1"]
    assert main([*command, "--num-envs", "1", "--arm-mode", word, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["action_mode"] == f"{mode}/discrete"


def test_bench_ends_with_the_success_rate(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["bench", "--backend", "native", "--num-envs", "4", "--max-steps", "3"]
    assert main([*command, "--seconds", "0.1", "--repeats", "1"]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("Success: ")
    assert last.endswith(" episodes, with random actions.")


def test_bench_tells_its_ranks_episodes_and_success_in_the_row_and_keeps_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["bench", "--backend", "native", "--num-envs", "4", "--max-steps", "3"]
    few = ["--num-workers", "1", "--seconds", "0.1", "--repeats", "1", "--no-video"]
    assert main([*command, *few, "--json", "--output-dir", str(tmp_path)]) == 0
    line = capsys.readouterr().out
    row = json.loads(line)
    assert (row["ranks"], row["max_steps"]) == (1, 3)
    assert row["episodes"] >= 4
    assert row["success_rate"] == 0.0
    assert (tmp_path / "throughput_native_num_w_1.jsonl").read_text() == line
    assert main(["plot", str(tmp_path)]) == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["sweep"],
        ["plot", "results"],
        ["tasks"],
        ["demos"],
        ["record"],
        ["gallery"],
        ["view"],
        ["doctor"],
        ["setup", "system"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_what_one_process_does_is_refused_to_ranks(
    arguments: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("RANK", "LOCAL_RANK"):
        monkeypatch.setenv(name, "1")
    for name in ("WORLD_SIZE", "LOCAL_WORLD_SIZE"):
        monkeypatch.setenv(name, "2")
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert err.startswith(
        f"rlbench-puffer: rank 1: `{arguments[0]}` is the work of one"
    )
    assert "torchrun started 2" in err
    assert out == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.display
@pytest.mark.parametrize("word", ["egl", "xvfb"])
@pytest.mark.parametrize("mode", ["bench", "debug"])
def test_pictures_are_drawn_by_the_render_backend_asked_for(
    mode: str, word: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["--cameras", "front", "--camera-size", "16", "16", "--num-envs", "1"]
    few = ["--max-steps", "2", "--render-backend", word, "--output-dir", str(tmp_path)]
    extra = ["--seconds", "0.1", "--repeats", "1"] if mode == "bench" else []
    assert main([mode, "--backend", "serial", *asked, *few, *extra]) == 0
    assert "Success: " in capsys.readouterr().out
    (written,) = tmp_path.iterdir()
    assert written.suffix == (".jsonl" if mode == "bench" else ".mp4")


@pytest.mark.parametrize("mode", ["bench", "debug"])
def test_an_external_display_that_is_not_there_is_told(
    mode: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DISPLAY", raising=False)
    asked = ["--cameras", "front", "--render-backend", "external", "--num-envs", "1"]
    assert main([mode, "--backend", "serial", *asked]) == 2
    out, err = capsys.readouterr()
    assert "DISPLAY" in err
    assert err.startswith("rlbench-puffer: ")
    assert out == ""


INTERRUPTED_IMPORT = """
import sys
class Impatient:
    def find_spec(self, name, path=None, target=None):
        if name == "tyro":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Impatient())
from rlbench_puffer.cli.main import main
sys.exit(main(["tasks"]))
"""


def test_ctrl_c_while_modules_load_shows_no_traceback() -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_IMPORT],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
