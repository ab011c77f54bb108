"""Makes ``python -m rlbench_puffer`` the same as ``rlbench-puffer``."""

# Worker processes import this module again, under another name; they need nothing.
if __name__ == "__main__":
    from rlbench_puffer.cli.main import main
    from rlbench_puffer.distributed.leaving import leave

    leave(main())
