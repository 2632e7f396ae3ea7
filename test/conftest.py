# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0

"""Which copy of the package the tests import: the installed one, else the checkout."""

from pathlib import Path
import sys

# `python -m pytest` (so `colcon test`) puts the checkout first on sys.path, where it would hide an
# installed package with its messages; plain `pytest` leaves it out, so that nothing could be
# imported without a build. Last on the path is right for both.
_CHECKOUT = str(Path(__file__).resolve().parent.parent)
sys.path[:] = [entry for entry in sys.path if entry not in ('', _CHECKOUT)] + [_CHECKOUT]
