# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Loops as machine code where Numba is installed, as plain Python where it is not.

`@compiled` above a function of numbers and NumPy arrays makes it Numba's. It is compiled at its
first call and kept on disk, so that the next process only loads it: call it once while building
up, never for the first time in a tick. The same source runs both ways and gives the same bits
(no fast-math), so what was decided with Numba is replayed without. Whoever needs the speed asks
`IS_COMPILED` and has another way if it is false: Numba comes from pip, and a robot may lack it.

Numba keeps its files beside the source, or below the user's cache folder where that is read-only.
Without any place to write, each process compiles anew. A process pays some 110 MiB of memory for
it, once; one that cannot afford that is started with NUMBA_DISABLE_JIT=1, as Numba's own switch
is called, and does not even import it. Bring-up and launch files do so (`bringup.LEAN`).
"""

import os

try:
    if os.environ.get('NUMBA_DISABLE_JIT', '0') != '0':
        raise ImportError('turned off')
    import numba
except ImportError:
    numba = None

IS_COMPILED = numba is not None
"""Whether `compiled` makes machine code in this process."""


def compiled(function):
    """Return a function as machine code, or as it is where Numba is missing or turned off."""
    if not IS_COMPILED:
        return function
    try:
        return numba.njit(cache=True)(function)
    except RuntimeError:  # Numba found no folder to keep it in
        return numba.njit(function)
