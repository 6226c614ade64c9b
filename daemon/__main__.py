"""``python -m outcry.daemon`` is ``outcry``."""

import sys

from outcry.daemon.cli import main

sys.exit(main())
