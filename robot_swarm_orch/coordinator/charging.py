# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Who goes to which charger, and who leaves one.

A charger is a place to park at which a robot charges while it stands there. So the fleet state,
which keeps a parking place for one robot alone, keeps a charger for one robot too. A robot that
is low goes as soon as it has no order, the lowest first; what it must not use up on orders before
is the business of `energy.py`. It gets orders again once it has enough, and makes room for robots
that are low, and for orders to charge.
"""

from dataclasses import dataclass
from math import hypot
from typing import FrozenSet, Tuple

from robot_swarm_orch.site import PlaceKind


@dataclass(frozen=True)
class ChargingPlan:
    """
    What is decided on charging.

    to_charge: (robot, charger) of those to be sent there now. busy: robots that charge, or are on
    their way to it, and get no order. leaving: robots that have enough and stand in the way of
    one that has not.
    """

    to_charge: Tuple[Tuple[str, str], ...] = ()
    busy: FrozenSet[str] = frozenset()
    leaving: FrozenSet[str] = frozenset()


def low_below(config, needed) -> float:
    """
    Return the charge, 0 to 1, below which a robot without an order is low.

    config: CoordinatorConfig. needed: charge without which none of the waiting orders can be done.
    Who has less would rest, neither low nor of use. Above half way to `charge_enough` nobody is
    low, or robots would come and go.
    """
    middle = 0.5 * (config.charge_below + config.charge_enough)
    return max(config.charge_below, min(needed, middle))


def plan_charging(site, config, idle, batteries, state, needed=0.0, wanted=()) -> ChargingPlan:
    """
    Return who charges where.

    config: CoordinatorConfig. idle: Candidates. batteries: charge of each by name, 0 to 1, NaN:
    unknown. state: FleetState. needed: see `low_below`. wanted: for each order to charge that
    waits for a charger its name, '' for any.
    """
    records, keeper = state.robots, state.keeper
    chargers = {site.places[name].node: name for name in site.chargers}
    if not chargers:
        return ChargingPlan()
    kept = {record.parking for record in records.values()}
    there = {robot.name for robot in idle
             if robot.node in chargers or _is_charger(site, records[robot.name].parking)}
    low = sorted((batteries[robot.name], robot.name, robot.node) for robot in idle
                 if robot.name not in there and records[robot.name].open is None
                 and batteries[robot.name] < low_below(config, needed))
    free = [name for node, name in chargers.items() if name not in kept
            and keeper.is_free(node) and not state.slots.aims_at(name)]
    to_charge = []
    for _, name, node in low:
        if not free:
            break
        best = min(free, key=lambda charger: (
            _distance_m(site, site.places[charger].node, node), charger))
        free.remove(best)
        to_charge.append((name, best))
    enough = {name for name in there if not batteries[name] < config.charge_enough}
    in_the_way = {robot.name for robot in idle if robot.name in enough and robot.node in chargers
                  and (chargers[robot.node] in wanted
                       or state.slots.aims_at(chargers[robot.node]))}
    leaving = sorted(enough - in_the_way, key=lambda name: (-batteries[name], name))
    count = len(low) - len(to_charge) + max(0, wanted.count('') - len(free))
    return ChargingPlan(tuple(to_charge),
                        frozenset(there - enough).union(name for name, _ in to_charge),
                        in_the_way.union(leaving[:count]))


def _is_charger(site, place):
    return bool(place) and site.places[place].kind == PlaceKind.CHARGER


def _distance_m(site, one, two):
    (x, y), (other_x, other_y) = site.xy[one], site.xy[two]
    return hypot(other_x - x, other_y - y)
