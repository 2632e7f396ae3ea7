# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""What belongs to no single robot: zones, blocked nodes, nodes held twice, and the banner."""

from collections import Counter
from math import ceil
from typing import Dict, List, Tuple

from robot_swarm_orch.site import Site
from robot_swarm_orch.viz.paths import Paths
from robot_swarm_orch.viz.shapes import (
    BLOCKED, INK, Kind, line, SEVERE, Shape, text, ZONE)

ZONE_Z_M, BLOCKED_Z_M, TEXT_Z_M = 0.02, 0.11, 1.0
HEADLINE_M = 1.8  # height of the capitals of the banner, where the site is wide enough
LETTER = 0.85  # width of a letter, as a part of the height of a capital
MOVING_MPS = 0.02
LEADER_SILENT_S = 1.0  # a leader's lease is heard 20 times a second
NAMED_MAX = 5
BLOCKED_MAX = 1000


class FleetArtist:
    """Draws the fleet as a whole."""

    def __init__(self, site: Site, paths: Paths):
        """Know the site; zones do not change."""
        self._site, self._paths = site, paths
        self._zones = line('zone', 0, Kind.LINE_LIST, 0.08, ZONE, zone_borders(site))
        self._zone_tops = [zone_top(site, x, y) for x, y in site.zones().tolist()]
        x0, _, x1, y1 = site.bounds
        self._middle_m, self._wide_m, self._top_m = 0.5 * (x0 + x1), x1 - x0, y1
        self._kept = {}

    def shapes(self, now_s: float, words, tracks, missing: List[str]) -> List[Shape]:
        """Return zones with how many robots are in each, what is blocked, and the banner."""
        found = [self._zones]
        zone_of = self._site.zone_of
        counts = Counter(zone_of(track.report.pose.x_m, track.report.pose.y_m)
                         for track in tracks.values())
        for zone, count in counts.items():
            found.append(self._text('zone_text', zone, f'zone {zone}: {count}', 0.9,
                                    (*ZONE[:3], 0.9), self._zone_tops[zone]))
        view = words.view
        if (view is not None and (view.blocked or view.blocked_edges)
                and view.site_hash == self._site.hash):
            found += self._blocked(view.blocked[:BLOCKED_MAX], view.blocked_edges[:BLOCKED_MAX])
        moving = sum(abs(track.report.speed_mps) > MOVING_MPS for track in tracks.values())
        found.append(self._headline(0, banner(self._site.name, view, len(tracks), moving), INK))
        trouble = fleet_trouble(view, words.silence_s(now_s), missing)
        if trouble:
            found.append(self._headline(1, trouble, SEVERE))
        return found

    def _headline(self, row, words, color) -> Shape:
        """Return a line of words above the site, no wider than the site."""
        height_m = min(HEADLINE_M, self._wide_m / (LETTER * len(words)))
        return self._text('fleet', row, words, height_m, color,
                          (self._middle_m, self._top_m + (1.0 + 1.6 * row) * HEADLINE_M, TEXT_Z_M))

    def _text(self, namespace, number, words, height_m, color, at) -> Shape:
        """Return a text, the same object as before while its words are the same."""
        known = self._kept.get((namespace, number))
        if known is None or known.text != words:
            known = self._kept[namespace, number] = text(namespace, number, words, height_m,
                                                         color, at)
        return known

    def _blocked(self, nodes, edges) -> List[Shape]:
        """Return a cross on every node that nobody may enter, and on the middle of each street."""
        known = self._kept.get('blocked')
        if known is None or known[0] != (nodes, edges):
            points = []
            marked = [(node, node) for node in self._paths.real(nodes)]
            for one, two in marked + list(edges):
                x, y = 0.5 * (self._site.xy[one] + self._site.xy[two])
                z = self._paths.point(one, BLOCKED_Z_M)[2]
                points += ((x - 0.6, y - 0.6, z), (x + 0.6, y + 0.6, z),
                           (x - 0.6, y + 0.6, z), (x + 0.6, y - 0.6, z))
            shape = line('blocked', 0, Kind.LINE_LIST, 0.15, BLOCKED, tuple(points))
            known = self._kept['blocked'] = ((nodes, edges), [shape] if points else [])
        return known[1]

    def disputes(self, held_twice: Dict[int, Tuple[str, str]]) -> List[Shape]:
        """Return an alarm on every node that two robots hold."""
        found = []
        for node, pair in sorted(held_twice.items()):
            x, y = self._site.xy[node].tolist()
            found += (
                Shape('held_twice', node, Kind.CYLINDER, (2.0, 2.0, 0.02), (*SEVERE[:3], 0.5),
                      (x, y, BLOCKED_Z_M)),
                text('held_twice_text', node, f'HELD TWICE: {pair[0]}, {pair[1]}', 0.9, SEVERE,
                     (x, y + 1.6, TEXT_Z_M)))
        return found


def zone_borders(site: Site):
    """Return the ends of the lines between the zones, and around the site."""
    x0, y0, x1, y1 = site.bounds
    points = []
    for x in [*_steps(x0, x1, site.zone_size_m), x1]:
        points += ((x, y0, ZONE_Z_M), (x, y1, ZONE_Z_M))
    for y in [*_steps(y0, y1, site.zone_size_m), y1]:
        points += ((x0, y, ZONE_Z_M), (x1, y, ZONE_Z_M))
    return tuple(points)


def _steps(low, high, step):
    """Return low, low + step and so on, below high."""
    return [low + index * step for index in range(ceil((high - low) / step))]


def zone_top(site: Site, x: float, y: float):
    """Return where a zone's text stands, of a zone around (x, y): the last ones are cut off."""
    half_m = 0.5 * site.zone_size_m
    right_m, top_m = min(x + half_m, site.bounds[2]), min(y + half_m, site.bounds[3])
    return min(0.5 * (x - half_m + right_m), right_m - 4.0), top_m - 1.0, TEXT_Z_M


def banner(site_name: str, view, robots: int, moving: int) -> str:
    """Return the fleet in one line."""
    if view is None:
        return f'{site_name}: {robots} robots heard, no word from a leader'
    return (f'{site_name}: {view.leader_id} leads, term {view.term}   '
            f'{robots} of {len(view.robots)} robots, {moving} moving   '
            f'orders: {view.orders_waiting} waiting, {view.orders_open} open, '
            f'{view.orders_done} done')


def fleet_trouble(view, silence_s: float, missing: List[str]) -> str:
    """Return what is wrong with the fleet as a whole; empty when nothing is."""
    words = []
    if view is not None and view.emergency_stop:
        words.append('EMERGENCY STOP')
    if silence_s > LEADER_SILENT_S:
        words.append(f'NO LEADER HEARD FOR {silence_s:.0f} s')
    if missing:
        more = len(missing) - NAMED_MAX
        words.append('NOT HEARD: ' + ', '.join(missing[:NAMED_MAX])
                     + (f' AND {more} MORE' if more > 0 else ''))
    return '   '.join(words)
