"""RLBench's and PyRep's packages are fetched, checked and kept, or refused."""

import io
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from rlbench_puffer.cli.main import main
from rlbench_puffer.errors import SetupError
from rlbench_puffer.setup.content import files_of, tree_id
from rlbench_puffer.setup.sources import (
    PYREP,
    RLBENCH,
    Source,
    install_sources,
    missing_models,
    sources_folder,
)
from setup.serving import Server, serving

FILES = {
    "RLBench": {
        "LICENSE": "RLBench's terms",
        "rlbench/__init__.py": "__version__ = '1.2.0'\n",
        "rlbench/tasks/__init__.py": "",
        "rlbench/tasks/reach_target.py": "class ReachTarget: ...\n",
        "rlbench/task_ttms/reach_target.ttm": "a model",
        "setup.py": "",
    },
    "PyRep": {
        "LICENSE": "MIT",
        "pyrep/__init__.py": "",
        "pyrep/backend/sim.py": "lib = None\n",
        "docs/pyrep.md": "",
    },
}


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as served:
        yield served


@pytest.fixture
def checkouts(tmp_path: Path) -> Path:
    """Checkouts of both, of no particular commit."""
    for name, files in FILES.items():
        for path, text in files.items():
            file = tmp_path / "checkouts" / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
    return tmp_path / "checkouts"


@pytest.fixture
def sources(checkouts: Path) -> list[Source]:
    """Both as they would be recorded at that commit."""
    recorded = []
    for name in FILES:
        package = checkouts / name / name.lower()
        files = files_of(package)
        recorded.append(
            Source(
                package=name.lower(),
                repository=f"stepjam/{name}",
                commit="c0ffee",
                content=tree_id(package, files),
                code=tree_id(package, [f for f in files if f.suffix == ".py"]),
            )
        )
    return recorded


@pytest.fixture
def served(server: Server, sources: list[Source]) -> Server:
    """A server that has the archives and the licence."""
    for source in sources:
        name = source.repository.partition("/")[2]
        place = f"/{source.repository}"
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as tar:
            for path, text in FILES[name].items():
                entry = tarfile.TarInfo(f"{name}-c0ffee/{path}")
                entry.size = len(text)
                tar.addfile(entry, io.BytesIO(text.encode()))
        server.files[f"{place}/archive/c0ffee.tar.gz"] = packed.getvalue()
        server.files[f"{place}/raw/c0ffee/LICENSE"] = FILES[name]["LICENSE"].encode()
    return server


def install(server: Server, folder: Path, sources: list[Source]) -> list[str]:
    said: list[str] = []
    install_sources(
        said.append,
        sources=sources,
        folder=folder,
        base_url=server.url,
        pause_s=0.0,
        say=said.append,
    )
    return said


def refuse(text: str) -> None:
    raise SetupError(f"not accepted: {text}", "")


def test_both_packages_and_their_licences_are_kept_and_nothing_else(
    served: Server, sources: list[Source], tmp_path: Path
) -> None:
    folder = tmp_path / "sources"
    said = install(served, folder, sources)
    assert said.index("RLBench's terms") < said.index(
        next(text for text in said if "archive" in text)
    )
    assert sorted(path.name for path in folder.iterdir()) == [
        "pyrep",
        "pyrep-LICENSE",
        "rlbench",
        "rlbench-LICENSE",
    ]
    assert tree_id(folder / "rlbench", files_of(folder / "rlbench")) == (
        sources[0].content
    )
    asked = len(served.ranges)
    (folder / "rlbench" / "__pycache__").mkdir()
    (folder / "rlbench" / "__pycache__" / "x.pyc").touch()
    assert install(served, folder, sources)[0].endswith("already.")
    assert len(served.ranges) == asked


def test_a_download_that_breaks_off_goes_on(
    served: Server, sources: list[Source], tmp_path: Path
) -> None:
    served.vices = ["", "breaks off", "", "in chunks that breaks off"]
    folder = tmp_path / "sources"
    install(served, folder, sources)
    # RLBench's licence, its archive, which goes on, and PyRep's, which begins anew.
    goes_on = [asked is not None for asked in served.ranges]
    assert goes_on == [False, False, True, False, False]
    assert (folder / "pyrep" / "backend" / "sim.py").exists()


def test_nothing_is_fetched_before_the_licence_is_accepted(
    served: Server, sources: list[Source], tmp_path: Path
) -> None:
    with pytest.raises(SetupError, match="not accepted: RLBench's terms"):
        install_sources(
            refuse,
            sources=sources,
            folder=tmp_path / "sources",
            base_url=served.url,
            say=lambda _: None,
        )
    assert len(served.ranges) == 1
    assert not (tmp_path / "sources" / "rlbench").exists()


@pytest.mark.parametrize("wrong", ["another commit", "no archive", "cut off"])
def test_a_wrong_archive_is_refused_and_leaves_nothing(
    wrong: str, served: Server, sources: list[Source], tmp_path: Path
) -> None:
    path = "/stepjam/RLBench/archive/c0ffee.tar.gz"
    whole = served.files[path]
    if wrong == "another commit":
        served.files[path] = served.files["/stepjam/PyRep/archive/c0ffee.tar.gz"]
        served.files[path] = _repacked(whole, b"'1.3.0'")
    else:
        served.files[path] = b"<html>" if wrong == "no archive" else whole[:-60]
    folder = tmp_path / "sources"
    with pytest.raises(SetupError, match=r"cannot be unpacked|Python files differ"):
        install(served, folder, sources)
    assert [file.name for file in folder.iterdir()] == ["rlbench-LICENSE"]
    served.files[path] = whole
    install(served, folder, sources)
    assert (folder / "rlbench").exists()


def _repacked(archive: bytes, version: bytes) -> bytes:
    packed = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(archive)) as old,
        tarfile.open(fileobj=packed, mode="w:gz") as new,
    ):
        for member in old:
            file = old.extractfile(member)
            assert file is not None
            new.addfile(member, io.BytesIO(file.read().replace(b"'1.2.0'", version)))
    return packed.getvalue()


def test_a_copy_is_taken_from_checkouts_and_may_lack_models(
    checkouts: Path, sources: list[Source], tmp_path: Path
) -> None:
    folder, said = tmp_path / "sources", list[str]()

    def take(*copies: Path) -> None:
        install_sources(
            lambda _: None,
            sources=sources,
            folder=folder,
            copies=copies,
            say=said.append,
        )

    model = checkouts / "RLBench" / "rlbench" / "task_ttms" / "reach_target.ttm"
    model.rename(tmp_path / "model")
    take(checkouts)
    assert "1 tasks have no model file and cannot run: reach_target." in said
    assert missing_models(folder / "rlbench") == ["reach_target"]
    # A fuller copy takes its place; one that is whole stays.
    (tmp_path / "model").rename(model)
    take(checkouts / "RLBench", checkouts / "PyRep")
    assert missing_models(folder / "rlbench") == []
    take(tmp_path / "nowhere")
    assert said[-1].endswith("already.")


def test_a_copy_of_another_commit_is_refused(
    checkouts: Path, sources: list[Source], tmp_path: Path
) -> None:
    (checkouts / "PyRep" / "pyrep" / "backend" / "sim.py").write_text("lib = 1\n")
    folder = tmp_path / "sources"
    with pytest.raises(SetupError, match="git checkout c0ffee"):
        install_sources(
            lambda _: None, sources=sources, folder=folder, copies=[checkouts]
        )
    assert not (folder / "pyrep").exists()
    with pytest.raises(SetupError, match=r"no checkout of stepjam/PyRep.*--from"):
        install_sources(
            lambda _: None,
            sources=sources,
            folder=folder,
            copies=[checkouts / "RLBench"],
        )


def test_what_a_user_changed_is_neither_taken_nor_overwritten(
    served: Server, sources: list[Source], tmp_path: Path
) -> None:
    folder = tmp_path / "sources"
    install(served, folder, sources)
    changed = folder / "rlbench" / "tasks" / "reach_target.py"
    changed.write_text("class Mine: ...\n")
    with pytest.raises(SetupError, match="was changed"):
        install(served, folder, sources)
    assert changed.read_text() == "class Mine: ...\n"


def test_content_is_what_git_says(tmp_path: Path) -> None:
    for path in ("a/b.py", "a.b/c", "a0", "a/__init__.py"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(path)

    def git(*words: str) -> str:
        command = ["git", "-C", tmp_path, *words]
        return subprocess.run(
            command, check=True, capture_output=True, text=True
        ).stdout.strip()

    files = files_of(tmp_path)
    git("init", "-q")
    git("add", ".")
    assert tree_id(tmp_path, files) == git("write-tree")


def test_the_command_asks_for_the_licence_or_says_how_to_accept_it(
    checkouts: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("COPPELIASIM_ROOT", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr("sys.stdin", io.StringIO())
    words = ["setup", "rlbench", "--from", str(checkouts)]
    assert main([*words, "--dry-run"]) == 0
    assert str(sources_folder()) in capsys.readouterr().out
    assert main(words) == 2
    told = capsys.readouterr()
    assert "RLBench's terms" in told.out
    assert "--accept-license" in told.err
    # These checkouts are of no commit that was measured.
    assert main([*words, "--accept-license"]) == 2
    assert RLBENCH.commit in capsys.readouterr().err
    assert main(["setup", "rlbench", "--engine", "coppeliasim", *words[2:]]) == 2
    assert "--engine mujoco" in capsys.readouterr().err
    assert not (sources_folder() / PYREP.package).exists()
