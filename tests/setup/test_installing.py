"""CoppeliaSim is downloaded from a server that misbehaves, and unpacked or refused."""

import io
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from rlbench_puffer.cli.main import main
from rlbench_puffer.errors import SetupError
from rlbench_puffer.setup.coppeliasim import (
    archive_name,
    check_folder,
    environment,
    install_coppeliasim,
)
from rlbench_puffer.setup.download import download
from rlbench_puffer.setup.packages import (
    SYSTEM_PACKAGES,
    rlbench_commands,
    run_all,
    system_commands,
)
from setup.serving import Server, serving

SCRIPTS = Path(__file__).parents[2] / "scripts"
NAME = "CoppeliaSim_Edu_V4_1_0_Ubuntu20_04"
WHOLE = ("libcoppeliaSim.so", "libsimExtDynamicsBullet-2-78.so", "system/usrset.txt")


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as served:
        yield served


def archive(folder: str = NAME, files: tuple[str, ...] = WHOLE) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:xz") as tar:
        for file in files:
            entry = tarfile.TarInfo(f"{folder}/{file}")
            entry.size = 5
            tar.addfile(entry, io.BytesIO(b"hello"))
    return packed.getvalue()


def install(server: Server, prefix: Path, said: list[str] | None = None) -> Path:
    return install_coppeliasim(
        prefix,
        f"{NAME}.tar.xz",
        base_url=server.url,
        pause_s=0.0,
        say=(said if said is not None else []).append,
    )


def test_coppeliasim_is_unpacked_whole_and_told_to_the_shell(
    server: Server, tmp_path: Path
) -> None:
    server.body = archive()
    said: list[str] = []
    root = install(server, tmp_path, said)
    assert (root / "libcoppeliaSim.so").read_text() == "hello"
    told = (tmp_path / "coppeliasim.sh").read_text()
    assert f'export COPPELIASIM_ROOT="{root}"' in told
    assert set(environment(root)) <= set(re.findall(r"export (\w+)=", told))
    assert any("source" in line for line in said)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "CoppeliaSim-4.1.0",
        "coppeliasim.sh",
    ]
    check_folder(root)


def test_doing_it_again_asks_no_server(server: Server, tmp_path: Path) -> None:
    server.body = archive()
    root = install(server, tmp_path)
    asked = len(server.ranges)
    assert install(server, tmp_path) == root
    assert len(server.ranges) == asked


def test_a_download_that_breaks_off_goes_on_where_it_was(
    server: Server, tmp_path: Path
) -> None:
    server.body = archive()
    server.vices = ["breaks off", "breaks off"]
    install(server, tmp_path)
    half = len(server.body) // 2
    assert server.ranges[:2] == [None, f"bytes={half}-"]
    assert len(server.ranges) == 3


def test_a_program_that_was_interrupted_goes_on_where_it_was(
    server: Server, tmp_path: Path
) -> None:
    server.body = bytes(range(256)) * 100
    (tmp_path / "file.part").write_bytes(server.body[:1000])
    download(f"{server.url}/file", tmp_path / "file", say=lambda _: None)
    assert server.ranges == ["bytes=1000-"]
    assert (tmp_path / "file").read_bytes() == server.body


def test_a_server_that_sends_all_again_is_believed(
    server: Server, tmp_path: Path
) -> None:
    server.body = b"x" * 5000
    server.vices = ["ignores range"]
    (tmp_path / "file.part").write_bytes(b"y" * 1000)
    download(f"{server.url}/file", tmp_path / "file", say=lambda _: None)
    assert (tmp_path / "file").read_bytes() == server.body


@pytest.mark.parametrize(
    ("vice", "says"),
    [("lies about length", "attempts"), ("no length", "how long the file is")],
)
def test_a_file_of_the_wrong_length_is_never_taken_for_whole(
    vice: str, says: str, server: Server, tmp_path: Path
) -> None:
    server.body = b"x" * 5000
    server.vices = [vice] * 9
    with pytest.raises(SetupError, match=says):
        download(
            f"{server.url}/file",
            tmp_path / "file",
            attempts=3,
            pause_s=0.0,
            say=lambda _: None,
        )
    assert not (tmp_path / "file").exists()


def test_a_file_that_comes_in_chunks_is_whole_when_the_last_has_come(
    server: Server, tmp_path: Path
) -> None:
    server.body = b"x" * 5000
    server.vices = ["in chunks that breaks off", "ignores range"]
    download(f"{server.url}/file", tmp_path / "file", pause_s=0.0, say=lambda _: None)
    assert (tmp_path / "file").read_bytes() == server.body
    server.vices = ["in chunks"]
    download(f"{server.url}/file", tmp_path / "again", say=lambda _: None)
    assert (tmp_path / "again").read_bytes() == server.body


def test_a_server_that_lacks_the_file_is_asked_once(
    server: Server, tmp_path: Path
) -> None:
    server.vices = ["missing"]
    with pytest.raises(SetupError, match=r"404.*--base-url"):
        install(server, tmp_path)
    assert len(server.ranges) == 1


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"<html>Sign in to the hotel's network</html>", "cannot be unpacked"),
        (archive()[:-40], "cannot be unpacked"),
        (archive("CoppeliaSim_Edu_V4_2_0_Ubuntu20_04"), "Handle ... does not exist"),
        (archive("Blender-3.0.0"), "expected 4.1.0"),
        (archive(files=WHOLE[:1]), "libsimExtDynamics"),
        (archive(files=WHOLE[1:]), "libcoppeliaSim.so"),
    ],
)
def test_a_wrong_archive_is_refused_with_the_reason_and_leaves_nothing(
    body: bytes, says: str, server: Server, tmp_path: Path
) -> None:
    server.body = body
    with pytest.raises(SetupError, match=says):
        install(server, tmp_path)
    assert not any(tmp_path.iterdir())
    server.body = archive()
    install(server, tmp_path)


def test_an_archive_cannot_write_outside_its_folder(
    server: Server, tmp_path: Path
) -> None:
    server.body = archive("..", ("../../stolen",))
    with pytest.raises(SetupError, match="cannot be unpacked"):
        install(server, tmp_path / "prefix")
    assert not list(tmp_path.rglob("stolen"))


def test_a_folder_of_somebody_elses_is_left_alone(
    server: Server, tmp_path: Path
) -> None:
    (tmp_path / "CoppeliaSim-4.1.0").mkdir()
    with pytest.raises(SetupError, match="not made by this command"):
        install(server, tmp_path)
    assert not server.ranges


@pytest.mark.parametrize(
    ("system", "version", "archive"),
    [
        ("ubuntu", "16.04", "16_04"),
        ("ubuntu", "18.04", "18_04"),
        ("ubuntu", "22.04", "20_04"),
        ("debian", "10", "18_04"),
        ("debian", "12", "20_04"),
        ("fedora", "41", "20_04"),
    ],
)
def test_the_archive_fits_the_system(system: str, version: str, archive: str) -> None:
    text = f'NAME="x"\nID={system}\nVERSION_ID="{version}"\n'
    assert archive_name(text) == f"CoppeliaSim_Edu_V4_1_0_Ubuntu{archive}.tar.xz"


def test_commands_are_shown_and_not_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["setup", "system", "--dry-run"]) == 0
    shown = capsys.readouterr().out
    assert "apt-get update" in shown
    assert all(package in shown for package in SYSTEM_PACKAGES)
    (tmp_path / "libcoppeliaSim.so").touch()
    commands = rlbench_commands(tmp_path, tmp_path)
    assert "8f420be8064b1970aae18a9cfbc978dfb15747ef" in str(commands)
    (checkout,) = rlbench_commands(tmp_path, Path(__file__).parents[2])
    assert checkout[:2] == ["uv", "sync"]
    assert next(command[-1] for command in system_commands()) == "update"


def test_a_command_that_fails_stops_the_rest() -> None:
    said: list[str] = []
    with pytest.raises(SetupError, match="ended with code 1"):
        run_all([["false"], ["touch", "never"]], dry_run=False, say=said.append)
    assert said == ["false"]
    with pytest.raises(SetupError, match="not on PATH"):
        run_all([["no-such-program"]], dry_run=False, say=said.append)


def test_the_command_line_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("COPPELIASIM_ROOT", raising=False)
    assert main(["setup", "rlbench", "--engine", "coppeliasim"]) == 2
    assert "COPPELIASIM_ROOT is not set" in capsys.readouterr().err
    assert main(["setup", "system", "--archive", "x"]) == 2
    assert "setup coppeliasim" in capsys.readouterr().err
    assert main(["setup", "coppeliasim", "--dry-run", "--prefix", "/opt"]) == 0
    assert "V4_1_0" in capsys.readouterr().out


def test_the_shell_script_installs_the_same_packages() -> None:
    words = (SCRIPTS / "setup_system").read_text().split()
    assert set(SYSTEM_PACKAGES) <= set(words)


@pytest.mark.skipif(shutil.which("curl") is None, reason="the script needs curl")
def test_the_shell_script_unpacks_coppeliasim_and_refuses_another_archive(
    server: Server, tmp_path: Path
) -> None:
    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [SCRIPTS / "setup_coppeliasim", tmp_path],
            env=os.environ | {"COPPELIASIM_URL": f"{server.url}/file"},
            capture_output=True,
            text=True,
            check=False,
        )

    server.body = archive("CoppeliaSim_Edu_V4_2_0_Ubuntu20_04")
    refused = run()
    assert refused.returncode == 1
    assert "is not CoppeliaSim 4.1.0" in refused.stderr
    assert not any(tmp_path.iterdir())
    server.body = archive()
    assert run().returncode == 0
    assert "source" in run().stdout
    # The program takes what the script has made for its own.
    asked = len(server.ranges)
    root = install(server, tmp_path)
    check_folder(root)
    assert len(server.ranges) == asked
