"""``rlbench-puffer doctor``: what this machine can do, and how to mend the rest."""

import json as json_format
from typing import Annotated

import tyro

Flag = tyro.conf.FlagCreatePairsOff


def doctor(
    json: Annotated[bool, Flag] = False, launch: Annotated[bool, Flag] = False
) -> int:
    """Tell what this machine can do, and one command for each thing it lacks.

    Args:
      json: Print the findings as one line of JSON.
      launch: Launch RLBench on MuJoCo and on CoppeliaSim as well, where they are
        installed; takes seconds.

    Returns:
      The exit code: 0 if the default engine can run, 1 if not.
    """
    from rlbench_puffer.display.doctor import can_run, examine
    from rlbench_puffer.engines.rlbench.doctor import (
        examine_coppeliasim,
        examine_mujoco,
    )

    findings = [
        *examine(),
        *examine_mujoco(launch=launch),
        *examine_coppeliasim(launch=launch),
    ]
    if json:
        told = [finding.as_dict() for finding in findings]
        print(json_format.dumps({"ok": can_run(findings), "findings": told}))
    else:
        from rich.console import Console
        from rich.table import Table

        table = Table(title="This machine")
        for name in ("what", "", "found", "mend it with"):
            table.add_column(name, overflow="fold")
        marks = {"ok": "[green]ok[/]", "missing": "[yellow]missing[/]"}
        for finding in findings:
            table.add_row(
                finding.name,
                marks.get(finding.state, "[red]broken[/]"),
                finding.found,
                finding.mend,
            )
        console = Console()
        console.print(table)
        console.print(
            "The default engine can run here."
            if can_run(findings)
            else "The default engine cannot run here."
        )
    return 0 if can_run(findings) else 1
