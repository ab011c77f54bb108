"""Write exact versions into pyproject.toml from a fresh lock.

    uv run scripts/pin.py

``uv.lock`` is not kept in the repository, for it spells out package hosts; the pins
in ``[tool.uv] constraint-dependencies`` make every machine resolve to the same
versions all the same. Run this to move all of them to what is newest, then run the
checks and commit pyproject.toml.
"""

import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

HELD = {"pufferlib": "2.0.2"}
"""Versions that a fresh lock must not move: pufferlib 3.0.0 is a source archive
only, whose build downloads other projects and fails without them."""

TABLE = re.compile(r"^constraint-dependencies = \[\n(?:.*\n)*?\]\n", re.MULTILINE)


def main() -> int:
    """Lock without pins, then write what was locked as pins."""
    project = ROOT / "pyproject.toml"
    text = project.read_text()
    if len(TABLE.findall(text)) != 1:
        print("pyproject.toml has no constraint-dependencies list", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder)
        held = [f"{name}=={version}" for name, version in HELD.items()]
        (fresh / "pyproject.toml").write_text(with_pins(text, held))
        shutil.copy(ROOT / "README.md", fresh)
        subprocess.run(["uv", "lock", "--directory", folder], check=True)
        pins = locked_pins((fresh / "uv.lock").read_text())
    project.write_text(with_pins(text, pins))
    print(f"{len(pins)} versions pinned")
    return 0


def with_pins(text: str, pins: list[str]) -> str:
    """pyproject.toml with another list of pins."""
    lines = "".join(f'    "{pin}",\n' for pin in pins)
    table = f"constraint-dependencies = [\n{lines}]\n"
    return TABLE.sub(lambda _: table, text)


def locked_pins(lock: str) -> list[str]:
    """One pin for each registry package of a lock; git ones have their commit.

    A package that is locked in several versions, one for each range of
    interpreters, has a pin with a marker for each.
    """
    entries = [
        package
        for package in tomllib.loads(lock)["package"]
        if "registry" in package["source"]
    ]
    pins: list[str] = []
    for package in entries:
        pin = f"{package['name']}=={package['version']}"
        if sum(other["name"] == package["name"] for other in entries) > 1:
            markers = " or ".join(f"({m})" for m in package["resolution-markers"])
            pin += f" ; {markers}"
        # In a TOML string of double quotes.
        pins.append(pin.replace('"', "'"))
    return sorted(pins)


if __name__ == "__main__":
    sys.exit(main())
