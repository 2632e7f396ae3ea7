# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""Where robots go that have nothing to do, so that they stand in nobody's way."""

from math import hypot

from robot_swarm_orch.site import PlaceKind

AT_ONCE = 8
"""Robots that are sent to park in one decision; the others come next time."""


def places_to_park(idle, records, parts, keeper, now_ms, leaving=frozenset()):
    """
    Return (robot, name of the nearest free parking place) of robots that have idled for a while.

    Out of an area that takes only so many robots they go at once, and park outside.

    idle: Candidates, robots that could drive. records: RobotRecords by name.
    parts: replica.Parts. now_ms: log time. leaving: names of robots that make room at once.
    """
    site = parts.site
    due_ms = now_ms - int(parts.config.park_after_s * 1000.0)
    leaving = [(robot.name, robot.node) for robot in idle
               if robot.name in leaving or not records[robot.name].parking
               and (records[robot.name].idle_ms <= due_ms or site.is_in_area(robot.node))
               and not _is_out_of_the_way(site, robot.node)][:AT_ONCE]
    if not leaving:
        return []
    taken = {record.parking for record in records.values()}
    free = [place for place in parts.parking
            if place.name not in taken and keeper.is_free(place.node)]
    chosen = []
    for name, node in leaving:
        able = [place for place in free if not (
            site.is_in_area(place.node) and site.is_in_area(node))]
        if not able:
            continue
        best = min(able, key=lambda place: (
            site.is_in_area(place.node), _distance_m(site, place.node, node), place.name))
        free.remove(best)
        chosen.append((name, best.name))
    return chosen


def _distance_m(site, one, two):
    (x, y), (other_x, other_y) = site.xy[one], site.xy[two]
    return hypot(other_x - x, other_y - y)


def _is_out_of_the_way(site, node):
    place = site.place_at(node)
    return (place is not None and place.kind in (PlaceKind.PARKING, PlaceKind.CHARGER)
            and not (site.is_in_area(node) and place.kind == PlaceKind.PARKING))
