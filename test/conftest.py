# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0

"""Which copy of the package the tests import: the installed one, else the checkout."""

from functools import lru_cache
from pathlib import Path
import sys

import pytest

# `python -m pytest` (so `colcon test`) puts the checkout first on sys.path, where it would hide an
# installed package with its messages; plain `pytest` leaves it out, so that nothing could be
# imported without a build. Last on the path is right for both.
_CHECKOUT = str(Path(__file__).resolve().parent.parent)
sys.path[:] = [entry for entry in sys.path if entry not in ('', _CHECKOUT)] + [_CHECKOUT]


def pytest_addoption(parser):
    """Let a person ask for the slow tests."""
    parser.addoption('--slow', action='store_true', help='run the slow tests too (an hour)')


def pytest_configure(config):
    """Name the marks, so that a misspelt one is noticed."""
    config.addinivalue_line('markers', 'slow: takes minutes; runs only with --slow')
    config.addinivalue_line('markers', 'dds: talks over DDS; never two of these at a time')


def pytest_collection_modifyitems(config, items):
    """Skip slow tests unless they were asked for, or named one by one; DDS comes first."""
    # Those wait for most of their time, while another worker does the rest.
    items.sort(key=lambda item: item.get_closest_marker('dds') is None)
    if config.getoption('--slow'):
        return
    for item in items:
        if item.get_closest_marker('slow') and not any('::' in arg for arg in config.args):
            item.add_marker(pytest.mark.skip(reason='slow: run it with --slow'))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Keep each file in one worker of pytest-xdist, and all that talk over DDS in the same one."""
    from xdist.scheduler import LoadScopeScheduling

    class Lanes(LoadScopeScheduling):
        """Scopes are files, but for the one of DDS."""

        def _split_scope(self, nodeid):
            return _lane(config.rootpath / nodeid.split('::')[0])

    config.option.loadscopereorder = False
    return Lanes(config, log)


@lru_cache(maxsize=None)
def _lane(file):
    """Return the lane of a test file. Whoever schedules knows no marks, so its text is read."""
    is_dds = 'pytest.mark.dds' in file.read_text(encoding='utf-8')
    return 'dds' if is_dds else str(file)
