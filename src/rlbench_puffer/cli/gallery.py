"""``rlbench-puffer gallery``: a contact sheet of the tasks."""

from pathlib import Path

from rlbench_puffer.cli.ranks import DisplayOption


def gallery(
    tasks: tuple[str, ...] = (),
    cameras: tuple[str, ...] = ("left_shoulder", "overhead", "wrist", "front"),
    size: tuple[int, int] = (192, 192),
    seed: int = 0,
    quality: str = "fine",
    display: DisplayOption = "auto",
    out: Path = Path("gallery.png"),
) -> int:
    """Write a labelled picture of tasks through cameras.

    Args:
      tasks: Tasks to show; without it, all.
      cameras: left_shoulder, right_shoulder, overhead, wrist, front.
      size: Height and width of each picture.
      seed: Seed of the episodes whose start is shown.
      quality: fine (shadows, smooth edges) or fast (what observations hold).
      display: auto, egl, osmesa, xvfb or external.
      out: PNG file to write.

    Returns:
      The exit code, 0.
    """
    from rlbench_puffer.recording.gallery import contact_sheet, save_png
    from rlbench_puffer.tasks.registry import TASK_NAMES

    sheet = contact_sheet(
        tasks or TASK_NAMES,
        cameras,
        size,
        seed=seed,
        quality=quality,  # pyright: ignore[reportArgumentType]
        display=display,  # pyright: ignore[reportArgumentType]
    )
    save_png(out, sheet)
    print(out)
    return 0
