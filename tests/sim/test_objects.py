"""Objects of the API: names, families, kinds, properties, parameters."""

import pytest

import ttm_writer as w
from pyrep_mujoco.errors import SceneError
from pyrep_mujoco.sim import new_objects, object_parameters, objects
from sim.launched import launched

ALL, SCENE, WORLD = -2, -12, -1
POOL = w.box_pool((0.1, 0.1, 0.1))
FAMILY = (
    POOL,
    w.dummy(w.base("root", 1, extension="a(1)")),
    w.box("left", 2, 1, dynamic=False),
    w.box("right", 3, 1, dynamic=False),
    w.dummy(w.base("deep", 4, 2)),
    w.box("model", 5, 3, model_base=True, model_properties=0x21),
)


def test_names_lead_to_handles_and_back() -> None:
    with launched(*FAMILY):
        handle = objects.simGetObjectHandle("right")
        assert objects.simGetObjectName(handle) == "right"
        objects.simSetObjectName(handle, "wrong")
        assert objects.simGetObjectHandle("wrong") == handle
        with pytest.raises(RuntimeError, match="'right'"):
            objects.simGetObjectHandle("right")
        with pytest.raises(SceneError, match="another object is"):
            objects.simSetObjectName(handle, "left")
        assert objects.simGetObjectName(4711) == ""
        with pytest.raises(RuntimeError, match="4711"):
            objects.simGetObjectType(4711)


def test_a_tree_is_told_generation_by_generation() -> None:
    with launched(*FAMILY):

        def tree(base: int, kind: int, options: int) -> list[str]:
            handles = objects.simGetObjectsInTree(base, kind, options)
            return [objects.simGetObjectName(handle) for handle in handles]

        root = objects.simGetObjectHandle("root")
        assert tree(root, ALL, 0) == ["root", "left", "right", "deep", "model"]
        assert tree(root, ALL, 1) == ["left", "right", "deep", "model"]
        assert tree(root, ALL, 3) == ["left", "right"]
        assert tree(SCENE, 0, 0) == ["left", "right", "model"]
        assert objects.simGetObjects(4) == [root, objects.simGetObjectHandle("deep")]


def test_parents_are_changed_in_place_or_with_the_same_numbers() -> None:
    with launched(
        POOL,
        w.box("one", 1, dynamic=False, position=(1, 0, 0)),
        w.box("two", 2, dynamic=False, position=(0, 2, 0)),
    ) as simulation:
        one, two = (objects.simGetObjectHandle(name) for name in ("one", "two"))
        with pytest.raises(RuntimeError, match="hangs on nothing"):
            objects.simGetObjectParent(two)
        objects.simSetObjectParent(two, one, True)
        assert objects.simGetObjectParent(two) == one
        assert objects.simGetObjectChild(one, 0) == two
        place = simulation.scene.frame_w(simulation.node(two))
        assert place.position == pytest.approx((0, 2, 0))
        objects.simSetObjectParent(two, WORLD, False)
        place = simulation.scene.frame_w(simulation.node(two))
        assert place.position == pytest.approx((-1, 2, 0))
        objects.simSetObjectParent(one, two, True)
        with pytest.raises(SceneError, match="hangs on it"):
            objects.simSetObjectParent(two, one, True)


def test_a_model_property_says_whether_it_is_a_model() -> None:
    with launched(*FAMILY) as simulation:
        model = objects.simGetObjectHandle("model")
        assert objects.simGetModelProperty(model) == 0x21
        left = objects.simGetObjectHandle("left")
        assert objects.simGetModelProperty(left) == 0xF000
        objects.simSetModelProperty(model, 0xF000 | 0x21)
        assert objects.simGetModelProperty(model) == 0xF021
        assert not simulation.node(model).source.is_model_base


def test_special_properties_and_parameters_are_kept() -> None:
    with launched(*FAMILY) as simulation:
        left = objects.simGetObjectHandle("left")
        model = simulation.scene.model
        objects.simSetObjectSpecialProperty(left, 0x3F2)
        assert objects.simGetObjectSpecialProperty(left) == 0x3F2
        assert simulation.scene.model is model, "collidable needs no compilation"
        object_parameters.simSetObjectInt32Parameter(left, 10, 0x100)
        assert object_parameters.simGetObjectInt32Parameter(left, 10) == 0x100
        assert object_parameters.simGetObjectInt32Parameter(left, 36) == 0
        with pytest.raises(SceneError, match="no parameter 2000"):
            object_parameters.simGetObjectInt32Parameter(left, 2000)
        with pytest.raises(SceneError, match="read only"):
            object_parameters.simSetObjectFloatParameter(left, 34, 2.0)
        root = objects.simGetObjectHandle("root")
        assert objects.simGetExtensionString(root, -1, "") == "a(1)"


def test_dummies_are_made_with_names_of_their_own() -> None:
    with launched(*FAMILY) as simulation:
        model = simulation.scene.model
        first, second = (new_objects.simCreateDummy(0.01, None) for _ in range(2))
        assert objects.simGetObjectName(first) == "Dummy"
        assert objects.simGetObjectName(second) == "Dummy0"
        assert simulation.scene.model is model
