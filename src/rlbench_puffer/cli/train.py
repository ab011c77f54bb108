"""``rlbench-puffer train``: PPO."""

import sys
from pathlib import Path
from typing import Annotated

import tyro

from rlbench_puffer.cli.ranks import DisplayOption, TaskName

Flag = tyro.conf.FlagCreatePairsOff


def train(
    task: TaskName = "reach_target",
    engine: str = "builtin",
    backend: str | None = None,
    num_envs: int | None = None,
    num_envs_total: int | None = None,
    num_workers: int | None = None,
    reward: str = "shaped",
    arm_mode: str = "joint_velocity",
    max_steps: int | None = None,
    action_chunk: int = 1,
    observations: tuple[str, ...] | None = None,
    cameras: tuple[str, ...] = (),
    camera_size: tuple[int, int] = (84, 84),
    frame_stack: int = 1,
    display: DisplayOption = "auto",
    video_cameras: tuple[str, ...] = (),
    video_stride: int = 2,
    fps: float | None = None,
    video_all: Annotated[bool, Flag] = False,
    no_video: Annotated[bool, Flag] = False,
    no_rgb: Annotated[bool, Flag] = False,
    fast: Annotated[bool, Flag] = False,
    seed: int = 0,
    train_updates: int | None = None,
    train_lr: float = 1e-3,
    train_hidden: tuple[int, ...] = (128, 128),
    num_steps: int = 64,
    epochs: int = 5,
    minibatch_size: int = 1024,
    discount: float = 0.98,
    trace_decay: float = 0.95,
    clip: float = 0.2,
    entropy_coefficient: float = 0.0,
    value_coefficient: float = 0.5,
    max_grad_norm: float = 0.5,
    initial_deviation: float = 0.5,
    learner_threads: int = 1,
    device: str = "cpu",
    precision: str = "float32",
    compile: Annotated[bool, Flag] = False,
    checkpoint_interval: int = 50,
    eval_interval: int = 50,
    eval_episodes: int = 64,
    output_dir: Path | None = None,
    resume: Annotated[bool, Flag] = False,
    profile_timing: Annotated[bool, Flag] = False,
    ddp_bind_gpu: Annotated[bool, Flag] = False,
) -> int:
    """Train a policy with PPO, from numbers, pictures or both.

    Writes checkpoint.pt, curve.jsonl (a line for each update) and TensorBoard files.

    Needs the extra `train`: `uv sync --extra train`.

    Args:
      task: Task to learn; `rlbench-puffer tasks` lists them.
      engine: What simulates.
      backend: What vectorises: serial, gym, puffer, shm, native; without it, native,
        and shm with engines mujoco and coppeliasim.
      num_envs: Sub-envs of each rank that collect; without it, 64, and with engines
        mujoco and coppeliasim one to a core.
      num_envs_total: Sub-envs of all ranks together, in place of num_envs.
      num_workers: Workers (native: threads); without it, the backend's default.
      reward: shaped or sparse.
      arm_mode: joint, ik, planning, or any arm action mode by its name.
      max_steps: Control steps of an episode; without it, the task's.
      action_chunk: 1: PPO chooses each action from the observation before it.
      observations: Low-dimensional fields to see (no name: none); without it, all.
      cameras: To see through: left_shoulder, right_shoulder, overhead, wrist, front.
      camera_size: Height and width of their pictures; at least 36 36.
      frame_stack: Pictures of each camera that are seen at once, the episode's last.
      display: What draws: auto, egl, osmesa, xvfb or external.
      video_cameras: To film evaluations through, beside the policy's.
      video_stride: Control steps from one frame of a video to the next.
      fps: Frames per second of videos; without it, they play in real time.
      video_all: Film every episode of an evaluation, not only the first.
      no_video: Film nothing.
      no_rgb: No cameras, whatever cameras says, and so no video.
      fast: No cameras, no video, joint velocities, whatever else is asked for.
      seed: Of sub-envs, weights, actions and shuffling.
      train_updates: Rollouts to collect and learn from; without it, the task's.
      train_lr: Adam's learning rate at the start; it falls to zero.
      train_hidden: Widths of the hidden layers.
      num_steps: Control steps of each sub-env in a rollout.
      epochs: Times that a rollout is learnt from.
      minibatch_size: Steps behind one gradient.
      discount: Gamma, per control step.
      trace_decay: Lambda of the advantage estimate.
      clip: How far the probability ratio may count from one.
      entropy_coefficient: Weight of the entropy.
      value_coefficient: Weight of the value function's error.
      max_grad_norm: Gradients are scaled down to this norm.
      initial_deviation: Standard deviation of the actions at the start.
      learner_threads: Threads of torch.
      device: What learns: cpu, or cuda for this process's GPU.
      precision: float32, or bf16 for the networks' products in bfloat16.
      compile: Let torch compile the networks; needs a C++ compiler.
      checkpoint_interval: Updates between checkpoints.
      eval_interval: Updates between evaluations.
      eval_episodes: Episodes of an evaluation, the same ones each time; engines
        mujoco and coppeliasim run as many at once as there are sub-envs.
      output_dir: Folder for what is written; without it, runs/TASK_SEED.
      resume: Go on from the checkpoint in that folder.
      profile_timing: Show where the time went.
      ddp_bind_gpu: Give each rank of torchrun a GPU of its own, and sum by nccl.

    Returns:
      The exit code, 0.
    """
    from rlbench_puffer.benchmark.measure import flat_phases
    from rlbench_puffer.cli.defaults import default_num_envs
    from rlbench_puffer.cli.ranks import joined
    from rlbench_puffer.config import OBSERVATION_NAMES, arm_action_mode
    from rlbench_puffer.errors import InvalidOptionError, MissingDependencyError
    from rlbench_puffer.tasks.registry import task_name
    from rlbench_puffer.training.settings import TrainSettings
    from rlbench_puffer.training.videos import VideoSettings

    if action_chunk != 1:
        raise InvalidOptionError(
            "action_chunk",
            action_chunk,
            "1: PPO chooses each action from the observation before it",
            "`bench` and `debug` send chunks.",
        )
    blind = no_rgb or fast
    default = default_num_envs(engine, 64)
    with joined(num_envs, num_envs_total, default, bind_gpu=ddp_bind_gpu) as (
        ranks,
        shares,
    ):
        settings = TrainSettings(
            task=task_name(task),
            engine=engine,
            backend=backend,
            num_envs=sum(shares),
            ranks=ranks.size,
            num_workers=num_workers,
            seed=seed,
            reward=reward,
            arm_action_mode=arm_action_mode("joint" if fast else arm_mode),
            episode_length=max_steps,
            observations=OBSERVATION_NAMES if observations is None else observations,
            cameras=() if blind else cameras,
            camera_size=camera_size,
            frame_stack=1 if blind else frame_stack,
            display=display,
            updates=train_updates,
            num_steps=num_steps,
            epochs=epochs,
            minibatch_size=minibatch_size,
            learning_rate=train_lr,
            hidden=train_hidden,
            discount=discount,
            trace_decay=trace_decay,
            clip=clip,
            entropy_coefficient=entropy_coefficient,
            value_coefficient=value_coefficient,
            max_grad_norm=max_grad_norm,
            initial_deviation=initial_deviation,
            learner_threads=learner_threads,
            device=device,
            precision=precision,
            compile=compile,
            checkpoint_interval=checkpoint_interval,
            eval_interval=eval_interval,
            eval_episodes=eval_episodes,
        )
        videos = None
        if not (no_video or blind):
            videos = VideoSettings(
                cameras=video_cameras, stride=video_stride, fps=fps, all=video_all
            )
            videos.film_settings(settings)
        folder = output_dir or Path("runs") / f"{settings.task}_{seed}"
        try:
            from rlbench_puffer.training.progress import interruption_line
            from rlbench_puffer.training.trainer import Trainer
        except ModuleNotFoundError as error:
            if error.name not in ("torch", "tensorboard"):
                raise
            raise MissingDependencyError(error.name, "Training", "train") from None

        trainer = None
        try:
            with Trainer(
                settings, folder, resume=resume, ranks=ranks, videos=videos
            ) as trainer:
                told = trainer.run()
                phases = {**trainer.phases(), **flat_phases(trainer.vec.timings())}
        except KeyboardInterrupt:
            if trainer is not None and ranks.is_main:
                line = interruption_line(
                    trainer.update,
                    settings.updates or 0,
                    trainer.kept,
                    checkpoint_interval,
                )
                print(f"rlbench-puffer: {line}", file=sys.stderr)
            raise
        if not ranks.is_main:
            return 0
        print(
            f"{told.episodes} episodes: success once {told.success_once:.2f}, at the "
            f"end {told.success_at_end:.2f}, mean return {told.mean_return:.2f}, mean "
            f"length {told.mean_length:.1f}"
        )
        if profile_timing:
            for name, seconds in phases.items():
                print(f"phase {name}: {seconds:.3f} s")
        print(folder)
    return 0
