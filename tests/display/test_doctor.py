"""The doctor tells the truth about this machine and mends what it lacks."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rlbench_puffer.cli.main import main
from rlbench_puffer.display.doctor import Finding, _package, can_run
from rlbench_puffer.setup.sources import sources_folder


@pytest.mark.display
def test_json_tells_of_every_part_and_drawing_was_tried(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["doctor", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is True
    findings = {finding["name"]: finding for finding in told["findings"]}
    for name in ("egl", "osmesa", "xvfb"):
        assert findings[f"display {name}"]["state"] == "ok"
        assert "drew a picture" in findings[f"display {name}"]["found"]
    for name in ("Python", "cores", "memory", "/dev/shm", "GL libraries", "ffmpeg"):
        assert findings[name]["state"] == "ok"
    assert {"GPU", "torch", "rlbench", "CoppeliaSim", "EGL devices"} <= set(findings)


@pytest.mark.display
def test_a_missing_server_gets_one_command_and_does_not_fail_the_check(
    tmp_path: Path,
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rlbench_puffer", "doctor", "--json"],
        env=os.environ | {"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    findings = {f["name"]: f for f in json.loads(done.stdout)["findings"]}
    assert findings["display xvfb"]["state"] == "missing"
    assert findings["display xvfb"]["mend"].startswith("apt-get install xvfb")


def test_what_setup_keeps_beside_what_is_installed_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    check = _package("kept_sources", "tests", "a command")
    assert check() == Finding(
        name="kept_sources",
        state="missing",
        found="not installed; for tests",
        mend="a command",
    )
    kept = sources_folder() / "kept_sources"
    kept.mkdir(parents=True)
    (kept / "__init__.py").touch()
    assert check().state == "ok"


def test_only_what_breaks_the_default_engine_fails_the_check() -> None:
    fine = Finding(name="a", state="ok", found="")
    lacking = Finding(name="b", state="missing", found="")
    broken = Finding(name="c", state="broken", found="")
    assert can_run([fine, lacking])
    assert not can_run([fine, broken])
