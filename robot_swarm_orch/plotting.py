# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The one way to matplotlib, which draws into files and needs no display."""


def pyplot():
    """Return `matplotlib.pyplot`; raises ImportError, saying what to install."""
    try:
        import matplotlib
    except ImportError as error:
        raise ImportError('a picture needs matplotlib: apt install python3-matplotlib, or '
                          'pip install matplotlib') from error
    matplotlib.use('Agg')
    from matplotlib import pyplot as result
    return result
