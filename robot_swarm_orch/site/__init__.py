# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The site: a roadmap of nodes and streets, the places on it, and what must be held to drive it.

A site comes from a YAML file in one of two forms (`load_site`): `warehouse:` with the measures of
a parametric warehouse (`warehouse.py`), or `nodes:`, `edges:`, `places:` written out:

    name: small
    nodes: {a: [0, 0], b: [2, 0], c: [2, 2]}           # [x, y] in m, map frame
    edges: [[a, b], [b, c], [c, a, oneway]]            # third word: both (default) or oneway
    places: {shelf: [storage, b], dock: [station, c]}  # name: [kind, node]

Reading order: `model.py` (the site, frozen), `loading.py` (from the file to it), `format.py` (what
each part of the file says), `checks.py` (what is refused). `lock_sets.py` has the geometry behind
lock sets and release distances, `streets.py` derives the directions of streets that nobody drew,
`areas.py` are parts of the hall that take only so many robots at once, `free_zones.py` parts of
the floor without streets.
"""

from robot_swarm_orch.site.loading import load_site, read_site, written_out
from robot_swarm_orch.site.model import Area, Place, PlaceKind, Site

__all__ = ['Area', 'load_site', 'Place', 'PlaceKind', 'read_site', 'Site', 'written_out']
