"""Force sensors: rigid links that measure, and that may break."""

from dataclasses import dataclass

from pyrep_mujoco.ttm.chunks import Chunk, read_run, require_end
from pyrep_mujoco.ttm.objects import SceneObject, read_base
from pyrep_mujoco.ttm.values import byte, numbers, real


@dataclass(frozen=True, slots=True, kw_only=True)
class ForceSensor(SceneObject):
    """Holds a shape rigidly to the shape it hangs on."""

    force_threshold: float | None
    """Force [N] that counts as a violation; None where none does."""
    torque_threshold: float | None
    """Torque [Nm] that counts as a violation; None where none does."""
    violations: int
    """Violations in a row that trigger it."""
    breaks: bool
    """Whether it breaks by itself when triggered; else a script decides."""
    size: float
    """Diameter as drawn [m]."""


_FORCE_ON, _TORQUE_ON = 0x01, 0x02


def read_force_sensor(section: Chunk) -> ForceSensor:
    """A section ``FSE``."""
    base, start = read_base(section)
    thresholds = numbers("2fi")
    record, end = read_run(
        section,
        start,
        {"Vab": byte, "Tri": thresholds, "Tre": thresholds, "Siz": real},
        # Colours, and a filter over several readings.
        ignored=("Cl1", "Cl2", "Fil"),
    )
    require_end(section, end)
    bits = record["Vab"]
    force, torque, violations = record.get("Tre") or record["Tri"]
    return ForceSensor(
        **base,
        force_threshold=force if bits & _FORCE_ON else None,
        torque_threshold=torque if bits & _TORQUE_ON else None,
        violations=violations,
        breaks="Tre" in record,
        size=record["Siz"],
    )
