"""Training: PPO over the vecenv interface."""
