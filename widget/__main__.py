"""`python -m widget` is the same as the `widget` script."""

from __future__ import annotations

import sys

from widget.cli import main

if __name__ == "__main__":
    sys.exit(main())
