# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether a drawing makes a site that robots can drive: what is refused, with the nodes named."""

import numpy as np
from robot_swarm_orch.errors import SiteError
from robot_swarm_orch.lock_sets import close_nodes
from robot_swarm_orch.site_format import some
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components


def check_apart(names, xy, clearance_m):
    """Raise SiteError naming the nodes at which two robots could not stand at once."""
    close = close_nodes(xy, clearance_m)
    if close:
        raise SiteError(f'nodes closer than {clearance_m:.3f} m, twice footprint plus error: '
                        + some(f'{names[a]} and {names[b]}' for a, b in close),
                        {names[node] for pair in close for node in pair})


def check_connected(names, arcs):
    """Raise SiteError naming the nodes that cannot be reached from and to the rest."""
    heads = [a for a, _ in arcs]
    tails = [b for _, b in arcs]
    graph = csr_matrix((np.ones(len(arcs)), (heads, tails)), shape=(len(names), len(names)))
    _, label = connected_components(graph, directed=True, connection='strong')
    largest = np.bincount(label).argmax()
    lost = [names[node] for node in np.flatnonzero(label != largest)]
    if lost:
        raise SiteError('robots could not drive both to and from the nodes ' + some(lost)
                        + ': add edges, or check the directions of one-way streets', lost)
