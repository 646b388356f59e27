"""The entry of ``quorate`` and of ``python -m quorate``."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and leave with its code."""
    from quorate.cli import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
