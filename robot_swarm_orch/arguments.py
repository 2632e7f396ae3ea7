# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""What several commands read from their command line, and the environment that they set."""

import argparse
import os
from typing import Optional

from robot_swarm_orch.bringup import one_host_environment

DEMO_DOMAIN = 77


def chosen_domain(asked: Optional[int]) -> int:
    """Return the ROS domain of a fleet on this machine: what was asked for goes first."""
    if asked is not None:
        return asked
    return a_domain(os.environ.get('SWARM_DOMAIN_ID', str(DEMO_DOMAIN)))


def stay_on_this_machine(asked: Optional[int], apart: bool = False) -> int:
    """
    Set the environment of a fleet on this machine alone; return its ROS domain.

    It has to be set before ROS is imported. apart: see `one_host_environment`.
    """
    domain = chosen_domain(asked)
    environment = one_host_environment(os.environ, domain, apart)
    os.environ.clear()
    os.environ.update(environment)
    return domain


def a_count(text: str) -> int:
    """Read a whole number of at least 1."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError('must be at least 1')
    return value


def a_whole(text: str) -> int:
    """Read a whole number of at least 0."""
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError('must not be negative')
    return value


def a_positive(text: str) -> float:
    """Read a number above 0."""
    value = float(text)
    if not 0.0 < value < 1e7:
        raise argparse.ArgumentTypeError('must be above 0')
    return value


def a_domain(text: str) -> int:
    """Read a ROS domain whose ports exist."""
    value = int(text)
    if not 0 <= value <= 101:
        raise argparse.ArgumentTypeError('must lie in 0 to 101')
    return value
