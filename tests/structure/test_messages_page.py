"""Every message that is explained has its line among the messages of the docs."""

import re

import pytest

from rlbench_puffer.engines.rlbench.messages import EXPLANATIONS, explained
from structure.sources import ROOT


def first_cells() -> str:
    """What the tables of the two engines' pages explain."""
    pages = [ROOT / "docs" / f"{n}.md" for n in ("coppeliasim", "rlbench_on_mujoco")]
    rows = [line for page in pages for line in page.read_text().splitlines()]
    return "\n".join(row.split("|")[1] for row in rows if row.startswith("| `"))


@pytest.mark.parametrize("pattern", [pattern for pattern, _ in EXPLANATIONS])
def test_an_explained_message_stands_in_the_docs(pattern: str) -> None:
    assert re.search(pattern, first_cells())


@pytest.mark.parametrize(
    ("said", "cure"),
    [
        ("Can't ask for a stored demo when no dataset root provided.", "dataset_root"),
        ("Can't find the demos for reach_target at: /x/reach_target", "make them live"),
        ("You asked for 3 examples, but only 2 were available.", "Ask for fewer"),
        ("The supplied image directory (/x) does not have any images!", "textures"),
    ],
)
def test_what_rlbench_says_is_told_with_its_cure(said: str, cure: str) -> None:
    told = str(explained(RuntimeError(said), "getting demos"))
    assert told.startswith("RuntimeError while getting demos: ")
    assert cure in told
