"""A file that is cut short, damaged or unknown is an error that tells the place."""

import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ttm_writer as w
from pyrep_mujoco.errors import ModelFileError
from pyrep_mujoco.ttm.cache import load_model
from pyrep_mujoco.ttm.huffman import HEADER_BYTES, decode
from pyrep_mujoco.ttm.model import Model
from pyrep_mujoco.ttm.read import read_model

DATA = Path(__file__).parents[1] / "data" / "ttm"


def plain(name: str) -> bytes:
    """A file of CoppeliaSim's with its body not compressed."""
    content = (DATA / name).read_bytes()
    size = int.from_bytes(content[13:17], "little")
    body = decode(content[HEADER_BYTES:], size)
    return content[:12] + b"\0" + content[13:HEADER_BYTES] + body


GOOD = plain("loadable_model.ttm")


def require_model_or_error(content: bytes) -> None:
    """Reading ends with a model, or with an error of ours that tells the place."""
    try:
        model = read_model(content)
    except ModelFileError as error:
        assert "byte" in str(error)  # noqa: PT017
    else:
        assert isinstance(model, Model)


def test_the_file_that_is_damaged_here_is_good() -> None:
    assert isinstance(read_model(GOOD), Model)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(GOOD) - 1))
def test_a_file_that_is_cut_short_is_an_error(length: int) -> None:
    with pytest.raises(ModelFileError):
        read_model(GOOD[:length])


def test_a_compressed_file_that_is_cut_short_is_an_error() -> None:
    content = (DATA / "loadable_model.ttm").read_bytes()
    for length in (0, 3, 1020, 1021, 1300, 5000, len(content) - 5):
        with pytest.raises(ModelFileError):
            read_model(content[:length])


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)),
        min_size=1,
        max_size=4,
    )
)
def test_changed_bytes_give_a_model_or_an_error_of_ours(
    changes: list[tuple[int, int]],
) -> None:
    damaged = bytearray(GOOD)
    for place, value in changes:
        # Thumbnails and other skipped parts are most of the file: aim at the rest.
        damaged[place] = value
    require_model_or_error(bytes(damaged))


SMALL = w.file(
    w.box_pool((1, 1, 1), (2, 2, 2)),
    w.shape(
        w.base("both", 1),
        w.compound("Gsg", w.mesh("Geo", 0, (1, 1, 1)), w.mesh("Geo", 1, (2, 2, 2))),
    ),
    w.joint(w.base("hinge", 2, 1)),
    w.dummy(w.base("tip", 3, 2), linked=-1),
)


@settings(max_examples=400, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(HEADER_BYTES, len(SMALL) - 1), st.sampled_from([0, 1, 127, 255])
        ),
        min_size=1,
        max_size=3,
    )
)
def test_changed_bytes_of_every_chunk_give_a_model_or_an_error_of_ours(
    changes: list[tuple[int, int]],
) -> None:
    damaged = bytearray(SMALL)
    for place, value in changes:
        damaged[place] = value
    require_model_or_error(bytes(damaged))


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"", "begins with"),
        (b"version https://git-lfs.github.com/spec/v1", "git lfs pull"),
        (b"VREP" + bytes(50), "the file ends after 54"),
        (
            w.header(3, compressed=False, version=25) + b"EOF",
            "Save it with CoppeliaSim 4.1",
        ),
        (w.header(3, compressed=False, version=9) + b"EOF", "18 to 22 are known"),
        (w.header(-1, compressed=False) + b"EOF", "negative"),
        (w.header(2**31 - 1, compressed=False) + b"EOF", "promises a body"),
        (w.header(2**31 - 1, compressed=True) + b"EOF", "cannot hold"),
    ],
)
def test_a_header_that_cannot_be_used_says_what_to_do(
    content: bytes, match: str
) -> None:
    with pytest.raises(ModelFileError, match=match):
        read_model(content)


def body_error(*chunks: bytes) -> str:
    with pytest.raises(ModelFileError) as caught:
        read_model(w.file(*chunks))
    return str(caught.value)


BOX = w.box_pool((1, 1, 1))


@pytest.mark.parametrize(
    ("chunks", "match"),
    [
        ([w.chunk("XYZ", 1)], "'XYZ' is not known here (XYZ at byte 7 of the body)"),
        ([w.box("a", 1)], "no index 0 (SHP/Ge2/Gst at byte"),
        ([BOX, w.box("a", 1), w.box("b", 1)], "handle 1 is another's"),
        ([BOX, w.box("a", 1), w.box("a", 2)], "name 'a'"),
        ([BOX, w.box("a", 1, 5)], "unknown parent 5 (SHP at byte"),
        ([BOX, w.box("a", 1, 2), w.box("b", 2, 1)], "below its own child"),
        ([w.joint(w.base("a", 1), kind=4)], "4 and 5 came (JNT at byte"),
        ([w.joint(w.base("a", 1, quat_wxyz=(1, 1, 0, 0)))], "JNT/Cfq at byte"),
        ([w.joint(w.base("a", 1, position=(float("nan"), 0, 0)))], "Finite numbers"),
        ([w.joint(w.base("a", 1, position=(0, 0)))], "28 bytes were expected, 24 came"),
        ([w.chunk("JNT", w.base("a", 1))], "a chunk or one of eoo"),
        ([w.chunk("JNT", w.base("a", 1), b"EOO")], "The chunk Jtt is missing"),
        ([BOX, w.box("a", 1, mass=-1.0)], "mass is negative"),
        ([BOX[:-1] + b"P"], "VIN"),
        ([b"JNT\xff\xff\xff\xff"], "says it has -1 bytes"),
        ([b"JNT\xff\xff\xff\x7f"], "says it has 2147483647 bytes"),
    ],
)
def test_a_bad_body_tells_chunk_and_byte(chunks: list[bytes], match: str) -> None:
    text = body_error(*chunks)
    assert match.lower() in text.lower()
    assert "Get the file again" in text


def test_compounds_without_end_are_an_error_and_no_overflow() -> None:
    geometry = w.mesh("Geo", 0, (1, 1, 1))
    for _ in range(2000):
        geometry = w.compound("Wrp", geometry)
    nested = w.shape(w.base("a", 1), w.compound("Gsg", geometry))
    assert "compounds lie in each other" in body_error(BOX, nested)


def test_false_counts_allocate_nothing() -> None:
    contents = [
        w.file(w.section("VIN", w.chunk("In2", 2**31 - 1, b"\0" * 6))),
        w.file(
            w.section(
                "TEX",
                w.chunk("Ipa", 1, 30_000, 30_000),
                w.chunk("Gon", ""),
                w.chunk("Bst", b"\0"),
                w.chunk("Img", b"\0" * 12),
            )
        ),
        w.file(w.section("LST", w.section("Prm", w.chunk("Par", 2**31 - 1)))),
        w.header(2**31 - 1, compressed=True) + w.huffman(b"some text" * 9),
    ]
    tracemalloc.start()
    try:
        for content in contents:
            with pytest.raises(ModelFileError):
                read_model(content)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4_000_000


def test_an_error_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "broken.ttm"
    path.write_bytes(GOOD[:2000])
    with pytest.raises(ModelFileError, match=r"broken\.ttm"):
        load_model(path)
