# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""What several commands read from their command line, and the environment that they set."""

import argparse
import os
from typing import Optional

from robot_swarm_orch.bringup import one_host_environment
from robot_swarm_orch.errors import ConfigError

DEMO_DOMAIN = 77


def chosen_domain(asked: Optional[int]) -> int:
    """
    Return the ROS domain of a fleet on this machine: what was asked for goes first.

    Raises ConfigError for a SWARM_DOMAIN_ID that is none.
    """
    if asked is not None:
        return asked
    try:
        return a_domain(os.environ.get('SWARM_DOMAIN_ID', str(DEMO_DOMAIN)))
    except argparse.ArgumentTypeError as error:
        raise ConfigError(f'SWARM_DOMAIN_ID: {error}') from error


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
    return _number(int, text, 1, None, 'a whole number of at least 1')


def a_whole(text: str) -> int:
    """Read a whole number of at least 0."""
    return _number(int, text, 0, None, 'a whole number of at least 0')


def a_positive(text: str) -> float:
    """Read a number above 0."""
    return _number(float, text, 1e-9, 1e7, 'a number above 0')


def a_share(text: str) -> float:
    """Read a share of a whole."""
    return _number(float, text, 0.0, 1.0, 'a share of 0 to 1')


def a_delay(text: str) -> float:
    """Read a time of at least 0 seconds."""
    return _number(float, text, 0.0, 60.0, 'seconds, 0 to 60')


def a_domain(text: str) -> int:
    """Read a ROS domain whose ports exist."""
    return _number(int, text, 0, 101, 'a whole number of 0 to 101')


def _number(kind, text, low, high, words):
    """Read a number; ArgumentTypeError says what it must be."""
    try:
        value = kind(text)
    except ValueError:
        value = None
    if value is None or not low <= value or high is not None and value > high:
        raise argparse.ArgumentTypeError(f'{text!r} must be {words}')
    return value
