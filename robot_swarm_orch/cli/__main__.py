# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""`python -m robot_swarm_orch.cli`, the command line without an installed script."""

import sys

from robot_swarm_orch.cli import main

sys.exit(main())
