"""``python -m outcry.daemon`` is ``outcry``."""

import sys

from outcry.daemon.cli.main import main

sys.exit(main())
