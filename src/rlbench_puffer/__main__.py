"""Makes ``python -m rlbench_puffer`` the same as ``rlbench-puffer``."""

import sys

# Worker processes import this module again, under another name; they need nothing.
if __name__ == "__main__":
    from rlbench_puffer.cli.main import main

    sys.exit(main())
