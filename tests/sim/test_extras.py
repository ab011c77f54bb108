"""What an optional package that is missing says, and to whom."""

import pytest

from pyrep_mujoco.errors import MissingDependencyError
from pyrep_mujoco.extras import package


def test_a_package_that_is_missing_is_named_with_its_extra() -> None:
    with pytest.raises(
        MissingDependencyError, match=r"Dancing needs .*'no_such_package'.*--extra fun"
    ):
        package("no_such_package.steps", "Dancing", "fun")


def test_a_module_that_its_package_lacks_is_another_error() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"json\.no_such_module") as caught:
        package("json.no_such_module", "Dancing", "fun")
    assert not isinstance(caught.value, MissingDependencyError)
