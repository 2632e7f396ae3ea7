# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
How a large inspection is cut into parts that several robots carry out.

The places are put in the order of a nearest-neighbour tour (D. Rosenkrantz, R. Stearns and P.
Lewis, "An analysis of several heuristics for the traveling salesman problem", SIAM J. Computing
6(3), 1977), which is then cut into pieces of nearly the same size. Distances are as the crow
flies: a tour over a thousand places must not take the leader longer than a few milliseconds.
"""

from math import ceil
from typing import Tuple

import numpy as np


def tour(site, places) -> list:
    """Return places in the order of a tour that begins with the first and goes to the nearest."""
    xy = np.asarray([site.xy[site.places[name].node] for name in places])
    left = np.ones(len(places), dtype=bool)
    result, here = [], 0
    for _ in places:
        left[here] = False
        result.append(places[here])
        gap = ((xy - xy[here]) ** 2).sum(axis=1)
        here = int(np.argmin(np.where(left, gap, np.inf)))
    return result


def parts_of(site, places, most: int) -> Tuple[Tuple[str, ...], ...]:
    """Return places in parts of at most `most`, each a piece of one tour; () if one will do."""
    if len(places) <= most:
        return ()
    ordered, count = tour(site, places), ceil(len(places) / most)
    ends = [len(ordered) * number // count for number in range(count + 1)]
    return tuple(tuple(ordered[a:b]) for a, b in zip(ends, ends[1:]))
