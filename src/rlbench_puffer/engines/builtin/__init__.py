"""The default engine: batched simulations on ``mujoco.batch``."""
