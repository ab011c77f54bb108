"""PufferLib's own trainer, PuffeRL, on this package's vector environments.

    python docs/examples/train_with_pufferlib.py [--task reach_target]
        [--backend native] [--num-envs 64] [--batch-size 32] [--updates 50]

Needs PufferLib 3 (`pufferlib.pufferl`), installed as its makers describe; this
project's own environment holds PufferLib 2, whose vecenv interface is the same. The
backends native, shm and puffer work. With a `--batch-size` below `--num-envs` one part
of the sub-envs steps while the policy works on another; `sync_traj=True` serves the
parts in turn, which PuffeRL's experience buffer needs.
"""

import argparse
import ast
import configparser
from pathlib import Path
from typing import Any

from rlbench_puffer import make_vec


def trainer_config(pufferl: Any, **changes: Any) -> dict[str, Any]:
    """PufferLib's defaults for its trainer, with some of them changed."""
    defaults = configparser.ConfigParser()
    defaults.read(Path(pufferl.__file__).parent / "config" / "default.ini")

    def value_of(text: str) -> Any:
        try:
            return ast.literal_eval(text)
        except (ValueError, SyntaxError):  # A word, such as "auto".
            return text

    config = {name: value_of(text) for name, text in defaults["train"].items()}
    return {**config, "use_rnn": False, **changes}


def main() -> None:
    """Train, and print the last share of episodes that succeeded."""
    parser = argparse.ArgumentParser(description="PufferLib's trainer on RLBench.")
    parser.add_argument("--task", default="reach_target")
    parser.add_argument("--backend", default="native")
    parser.add_argument("--num-envs", type=int, default=64)
    parser.add_argument("--batch-size", type=int, default=None)
    parser.add_argument("--horizon", type=int, default=64)
    parser.add_argument("--updates", type=int, default=50)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--output-dir", default="runs/pufferlib")
    options = parser.parse_args()

    import torch

    try:
        from pufferlib import models, pufferl  # pyright: ignore[reportAttributeAccessIssue]
    except ImportError as error:
        raise SystemExit(f"PufferLib 3 with its trainer is needed: {error}") from None

    vec = make_vec(
        options.task,
        options.num_envs,
        backend=options.backend,
        batch_size=options.batch_size,
        sync_traj=True,
        reward="shaped",
        seed=0,
    )
    torch.manual_seed(0)
    policy = models.Default(vec.driver_env).to(options.device)
    steps = options.num_envs * options.horizon
    config = trainer_config(
        pufferl,
        env=options.task,
        device=options.device,
        data_dir=options.output_dir,
        optimizer="adam",
        learning_rate=1e-3,
        gamma=0.98,
        bptt_horizon=options.horizon,
        minibatch_size=steps // 4 if options.num_envs % 4 == 0 else steps,
        update_epochs=4,
        total_timesteps=options.updates * steps,
    )
    trainer = pufferl.PuffeRL(config, vec, policy)
    told: dict[str, Any] = {}
    while trainer.global_step < config["total_timesteps"]:
        trainer.evaluate()
        told = trainer.train() or told
    saved = trainer.close()  # The vecenv, too.
    success = told.get("environment/success", float("nan"))
    print(f"{trainer.global_step} steps, success {success:.2f}: {saved}")


if __name__ == "__main__":
    main()
