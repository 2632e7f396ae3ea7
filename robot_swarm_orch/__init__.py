# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Consensus-backed orchestration of mobile robot fleets on ROS 2."""

from pkgutil import extend_path

# The generated messages (`robot_swarm_orch.msg`, `.srv`) lie in the install folder, apart from
# these sources when the package was built with --symlink-install or is run from the checkout.
__path__ = extend_path(__path__, __name__)
