"""Meshes from files, and meshes of fewer triangles."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import ttm_writer as w
from pyrep_mujoco.sim import simulation
from pyrep_mujoco.sim.api import functions
from sim.launched import launched

sim = functions()


@pytest.fixture
def empty() -> Iterator[simulation.Simulation]:
    with launched() as found:
        yield found


def volume(handle: int) -> float:
    vertices, indices, _ = sim["simGetShapeMesh"](handle)
    corners = np.reshape(vertices, (-1, 3))[np.reshape(indices, (-1, 3))]
    return float(np.linalg.det(corners).sum() / 6)


CUBE_OBJ = "".join(
    [f"v {x} {y} {z}\n" for x in (0, 1) for y in (0, 1) for z in (0, 1)]
    + [f"f {a + 1} {b + 1} {c + 1}\n" for a, b, c in w.BOX_TRIANGLES]
)


def test_a_mesh_file_gives_its_triangles_scaled(
    empty: simulation.Simulation, tmp_path: Path
) -> None:
    path = tmp_path / "cube.obj"
    path.write_text(CUBE_OBJ)
    vertices, indices, names = sim["simImportMesh"](0, str(path), 0, 0, 0.1)
    assert (len(vertices), len(names)) == (1, 1)
    assert len(vertices[0]) == 8 * 3
    assert len(indices[0]) == 12 * 3
    assert max(vertices[0]) == pytest.approx(0.1)
    shape = sim["simImportShape"](0, str(path), 0, 0, 0.1)
    assert volume(shape) == pytest.approx(0.001)
    assert empty.scene.frame_w(empty.node(shape)).position == pytest.approx([0.05] * 3)
    hull = sim["simGetConvexHullShape"](str(path))
    assert volume(hull) == pytest.approx(1.0)


@pytest.mark.parametrize("content", [None, b"", b"v 0 0 0\n", b"\xff\xfe broken"])
def test_a_file_without_a_mesh_is_an_error(
    empty: simulation.Simulation, tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "no.obj"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RuntimeError, match=r"no\.obj"):
        sim["simImportMesh"](0, str(path), 0, 0, 1.0)


def test_a_mesh_is_made_of_fewer_triangles(empty: simulation.Simulation) -> None:
    ball = sim["simCreatePureShape"](1, 0, [0.2] * 3, 1.0, None)
    vertices, indices, _ = sim["simGetShapeMesh"](ball)
    fewer_vertices, fewer = sim["simGetDecimatedMesh"](vertices, indices, 0.3)
    assert 0.2 < len(fewer) / len(indices) < 0.4
    assert len(fewer_vertices) < len(vertices)
    with pytest.raises(RuntimeError, match="share"):
        sim["simGetDecimatedMesh"](vertices, indices, 1.5)
