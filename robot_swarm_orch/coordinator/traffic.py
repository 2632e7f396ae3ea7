# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The leader's traffic policy: which of the nodes that robots want they are given, and when.

Safety is the keeper's business; a wrong decision here only costs time. The policy:

1.  *Units.* A robot is given whole units of its route: the next node and what its edge locks
    besides, and if streets part at that node, also what follows, up to a node where waiting is in
    nobody's way. So nobody waits on a junction, and nobody enters an edge without its lock set.
    One exception keeps traffic close: the first nodes of a unit are given when whoever holds the
    others has authority to leave them. They are promised to the follower, and it goes first.
2.  *Look-ahead.* A robot gets units until the way ahead of it suffices for cruising speed: the
    braking distance, plus what it covers while reports, commits and grants travel. No more, so
    that the space between robots stays everybody's.
3.  *Who first.* Whoever has wanted its next node for longest; then the order's priority; then the
    lower number.
4.  *No closed rings.* A unit is not given if its end would close a ring of robots each waiting for
    the place of the next. One free place in a ring keeps all of it moving (for one-way streets
    see also E. Roszkowska and S. A. Reveliotis, "On the liveness of guidepath-based,
    zone-controlled dynamically routed, closed traffic systems", IEEE Trans. Automatic Control
    53(7), 2008).
5.  *Blocked ways.* What people have blocked (`swarm block`) is given to nobody: no node, and no
    unit that leads over an edge in a direction in which it is blocked.
6.  *Areas.* A robot enters an area of the site only while it has room (`areas.py`).
7.  *Pauses.* A robot that people have paused is given nothing, nor is one in an area that is
    paused, or about to enter it: it comes to rest at the end of its base and keeps what it owns.
8.  *Pushing.* Robots that wait for each other all the same, or for one who has nothing to do, are
    told to make way (`pushing.py`).

A row is due when it would free a node, give one, or when the robot still wants a node that it owns
(so the grant was lost).
"""

from math import hypot

from robot_swarm_orch.coordinator.advice import Advisor
from robot_swarm_orch.coordinator.areas import Areas
from robot_swarm_orch.coordinator.pauses import Pauses
from robot_swarm_orch.coordinator.pushing import Stander
from robot_swarm_orch.coordinator.units import Units
from robot_swarm_orch.coordinator.wish import Wish
from robot_swarm_orch.types import incarnation_of, Reason

_QUEUE_S = 0.1
"""Allowance for queues between two processes on a busy machine [s]."""

_PROMISE_S = 1.0
"""A robot that was not heard for this long has no node promised to it [s]."""

_HEARING_S = 1.0
"""Within this time a new leader has heard every robot that can be heard [s]."""


_PUSH_PERIOD_S = 0.3
"""How often to look for robots that wait for ever, and to repeat what they were told [s]."""

_STANDS_S = 0.4
"""A robot that has not moved for this long stands [s]."""

_AT_NODE_M = 0.3
"""Whoever stands nearer than this to a node stands on it [m]."""

NOBODY = -1
"""The number of whoever holds a node that people have blocked."""


class Traffic:
    """Decides rows from reports and the keeper's state; one object a leadership."""

    def __init__(self, site, robot, coordinator, keeper, lookahead_m=None, travel=None,
                 pauses=None):
        """
        Read the site once. `lookahead_m` overrides the computed look-ahead [m].

        travel: allocation.TravelTimes, what ways are left; distances if None. pauses: who is to
        come to rest; nobody if None.
        """
        self.keeper = keeper
        self._pauses = pauses or Pauses()
        self._area_nodes = {area.name: area.nodes for area in site.areas}
        self._site = site
        cost_s, admit = ((self._distance_m, None) if travel is None
                         else (travel.least_s, travel.admit))
        self._advisor = Advisor(site, self._open_neighbours, cost_s, admit)
        self.lookahead_m = lookahead_m or lookahead_for(robot, coordinator)
        self._x = site.xy[:, 0].tolist()
        self._y = site.xy[:, 1].tolist()
        self._units = Units(site)
        self._areas = Areas(site, keeper.owner)
        self._junction = self._units.junction
        self._wishes = {}
        self._given = {}
        self._freed = set()
        self._promised = {}
        self._push_s = 0.0
        self._told = []
        self._since_s = None
        self._is_new = True

    def hear(self, now_s, number, report, priority=0):
        """Note the newest AUTOMATIC report of a robot's present incarnation."""
        wish = self._wishes.get(number)
        if wish is None:
            wish = self._wishes[number] = Wish(number)
        wish.hear(now_s, report, priority)
        self._advisor.hear(now_s, number, report.held)

    def decide(self, now_s):
        """Return the rows that are due, those of the longest waiting robots first."""
        if self._is_new:
            self._since_s = now_s if self._since_s is None else self._since_s
            self._is_new = now_s - self._since_s < _HEARING_S
        self._given.clear()
        self._freed.clear()
        self._forget()
        self._promised = {
            node: wish.number for wish in self._wishes.values()
            if wish.end >= 0 and self._junction[wish.end] and now_s - wish.heard_s < _PROMISE_S
            for node in wish.next_unit}
        self._areas.count(self._promised)
        pending = [wish for wish in self._wishes.values() if self._is_news(wish)]
        freeing = {wish.number for wish in pending if self._note_freed(wish)}
        for wish in pending:
            self._survey(wish)
        pending.sort(key=lambda wish: (wish.since_s, -wish.priority, wish.number))
        rows = []
        for wish in pending:
            grant = self._grant_for(wish)
            if grant is not None or wish.number in freeing:
                report = wish.report
                keep = tuple(sorted({*report.held, *report.wanted}))
                rows.append((wish.number, report.seq, keep, grant or ()))
        if now_s >= self._push_s and not self._is_new:
            self._push(now_s)
        return tuple(rows)

    def _forget(self):
        """Forget what robots wanted in incarnations that are over."""
        incarnations = self.keeper.incarnations
        over = [number for number, wish in self._wishes.items()
                if incarnation_of(wish.report.seq) != incarnations[number]]
        for number in over:
            del self._wishes[number]

    def _is_news(self, wish):
        """Return whether a row could still speak of this robot's report."""
        return wish.report.seq > self.keeper.last_seq[wish.number]

    def _note_freed(self, wish):
        """Note the nodes that a row of this robot would free."""
        report = wish.report
        freed = self.keeper.owned[wish.number].difference(report.held, report.wanted)
        self._freed.update(freed)
        return bool(freed)

    # Granting

    def _survey(self, wish):
        """Work out where a robot's base ends, and which unit it needs next."""
        report, owned = wish.report, self.keeper.owned[wish.number]
        wanted = report.wanted
        wish.count, wish.ahead_m, wish.next_unit = 0, 0.0, ()
        if not report.held:
            wish.end = -1
            return
        end = wish.end = self._units.start(report) if wanted else report.held[-1]
        wish.ahead_m = hypot(self._x[end] - report.pose.x_m, self._y[end] - report.pose.y_m)
        self._next(wish)
        while wish.next_unit and owned.issuperset(wish.next_unit):
            self._go_on(wish)

    def _next(self, wish):
        """Find the unit that follows the base's end."""
        wanted = wish.report.wanted
        wish.unit = self._units.unit(wish.end, wanted, wish.count, self._goal(wish))
        wish.next_unit = () if wish.unit is None else wanted[wish.count:wish.unit[0]]

    def _go_on(self, wish):
        """Count the next unit as part of the base."""
        wish.count, wish.end, length_m = wish.unit
        wish.ahead_m += length_m
        self._next(wish)

    def _grant_for(self, wish):
        """Return the prefix of the wanted nodes to give now; None if there is nothing to say."""
        wanted = wish.report.wanted
        goes = not (self._advisor.holds_back(wish.number) or self.is_paused(wish.number))
        while goes and wish.next_unit and wish.ahead_m < self.lookahead_m:
            stop, unit_end, _ = wish.unit
            if (self._is_shut(wish) or self._areas.closed_to(wish.number, wish.next_unit)
                    or self._is_in_paused_area(wish.next_unit)):
                break
            if not self._may_have(wish, stop, unit_end):
                self._follow(wish, stop, unit_end)
                break
            for node in wish.next_unit:
                self._given[node] = wish.number
            self._areas.give(wish.number, wish.next_unit)
            self._go_on(wish)
        if wish.count or not self.keeper.owned[wish.number].isdisjoint(wanted):
            return wanted[:wish.count]
        return None

    def is_paused(self, number):
        """Return whether a robot is paused, or is in an area that is."""
        return (self._pauses.holds(self.keeper.names[number])
                or self._is_in_paused_area(self.keeper.owned[number]))

    def _is_in_paused_area(self, nodes):
        """Return whether one of these nodes is in an area that is paused."""
        return bool(self._pauses.areas) and any(
            not self._area_nodes[name].isdisjoint(nodes) for name in self._pauses.areas
            if name in self._area_nodes)

    def _is_shut(self, wish):
        """Return whether a robot's next unit leads over an edge that people have blocked."""
        shut = self.keeper.shut_edges
        return bool(shut) and not shut.isdisjoint(self._units.edges_of(
            wish.end, wish.report.wanted, wish.count, wish.unit[0]))

    def _open_neighbours(self, node):
        """
        Return where a robot can make way to: not into what is shut or full.

        In a free zone that is another spot, not a door, which is no place to wait.
        """
        zone, following = self._site.free_zone_at(node), self._site.successors[node]
        if zone is not None and len(zone.spots) > 1:
            following = [spot for spot in zone.spots if spot != node]
        return [after for after in following
                if (node, after) not in self.keeper.shut_edges
                and not self._is_in_paused_area((after,))
                and not self._areas.leads_into_full(node, after)]

    def _may_have(self, wish, stop, unit_end):
        """Return whether a unit is free, and giving it closes no ring."""
        number = wish.number
        for node in wish.next_unit:
            if self._holder(node) not in (None, number):
                return False
            if self._promised.get(node, number) != number:
                return False
        return (self._junction[wish.end] or number in self._advisor.to
                or not self._ring(wish, stop, unit_end))

    def _ring(self, wish, stop, unit_end):
        """Return whether standing at `unit_end` would close a ring, seeing what is wanted next."""
        return self._closes_ring(wish.number, unit_end, self._needs_after(wish, stop, unit_end))

    def _needs_after(self, wish, stop, unit_end):
        """Return the unit that a robot needs after the one that ends at `unit_end`, as nodes."""
        following = self._units.unit(unit_end, wish.report.wanted, stop, self._goal(wish))
        return () if following is None else wish.report.wanted[stop:following[0]]

    def _goal(self, wish):
        """Return where a robot goes: where it was told to, else to its own goal."""
        return self._advisor.to.get(wish.number, wish.report.goal)

    def _follow(self, wish, stop, unit_end):
        """
        Give the free first nodes of a unit whose others are being left.

        The robot may have to stop on a junction, but not for long: who holds the rest has
        authority to leave it.
        """
        number, unit = wish.number, wish.next_unit
        free = 0
        while free < len(unit) and self._holder(unit[free]) in (None, number):
            free += 1
        if not 0 < free < len(unit) or (wish.end, unit[free - 1]) not in self._units.edges:
            return
        if (not all(self._is_being_left(node, number) for node in unit[free:])
                or self._ring(wish, stop, unit_end)):
            return
        for node in unit[:free]:
            self._given[node] = number
        for node in unit[free:]:
            self._promised[node] = number
        self._areas.give(number, unit[:free])
        self._areas.promise(number, unit[free:])
        wish.count += free
        wish.end, wish.next_unit = unit[free - 1], unit[free:]

    def _is_being_left(self, node, number):
        """Return whether a node's holder will leave it without being given anything more."""
        promised = self._promised.get(node)
        if promised is not None and promised != number:
            return False
        holder = self._holder(node)
        if holder is None or holder == number:
            return True
        wish = self._wishes.get(holder)
        return wish is not None and wish.end != node and node not in wish.next_unit

    def _holder(self, node):
        """
        Return who holds a node once the rows so far are applied; None if it is free.

        A node that people have blocked is NOBODY's, and not free.
        """
        holder = self._given.get(node)
        if holder is not None:
            return holder
        holder = self.keeper.owner.get(node)
        if holder is not None and node not in self._freed:
            return holder
        if node in self.keeper.shut_nodes:
            return NOBODY
        return self.keeper.blocked.get(node)

    # Pushing

    def advise(self):
        """Return (robot, the node that it should go to) of what is to be said now."""
        told, self._told = self._told, []
        return told

    def _push(self, now_s):
        """Find robots that wait for ever, and where they should go."""
        self._push_s = now_s + _PUSH_PERIOD_S
        standers = {wish.number: Stander(wish.number, wish.end, wish.goal, wish.goal_s,
                                         wish.next_unit or wish.report.wanted[:1],
                                         wish.report.wanted)
                    for wish in self._wishes.values() if self._stands(now_s, wish)}
        self._advisor.advise(now_s, standers, {
            number: self._waits_for(self._wishes[number], standers)
            for number, stander in standers.items() if stander.needs}, self._holder)
        self._told = sorted(self._advisor.to.items())

    def _stands(self, now_s, wish):
        """Return whether a robot rests on one node, with nothing given, and could be pushed."""
        report, end = wish.report, wish.end
        return (report.held == (end,) and now_s - wish.moved_s >= _STANDS_S
                and now_s - wish.heard_s < _PROMISE_S
                and not self._advisor.is_involved(wish.number)
                and not self.is_paused(wish.number)
                and report.safety in (Reason.NONE, Reason.AUTHORITY)
                and (report.goal >= 0 or not report.order_id)
                and (not wish.count or report.wanted[:1] == ())
                and hypot(self._x[end] - report.pose.x_m,
                          self._y[end] - report.pose.y_m) < _AT_NODE_M)

    def _waits_for(self, wish, standers):
        """
        Return the numbers of those whose nodes a robot needs, or whose ring it would close.

        Before an area that is full it waits for any of those inside, so for nobody in particular
        while one of them is on its way.
        """
        number, needs = wish.number, wish.next_unit or wish.report.wanted[:1]
        others = {self._holder(node) for node in needs}
        others |= {self._promised.get(node) for node in needs}
        others -= {None, number}
        if not others:
            inside = self._areas.robots_in(self._areas.closed_to(number, needs))
            others = inside if standers.keys() >= inside else others
        if not others and wish.unit is not None:
            others = set(self._in_the_way(self._needs_after(wish, *wish.unit[:2]))) - {number}
        return sorted(others)

    def _distance_m(self, one, two):
        return hypot(self._x[one] - self._x[two], self._y[one] - self._y[two])

    # Rings

    def _closes_ring(self, number, place, needs):
        """
        Return whether robot `number`, standing at `place`, would wait for itself in the end.

        Follows who stands where someone needs to go. A robot in motion frees what lies behind the
        end of its base, so only that end counts as its place. While the leader is new, a robot
        that it has not heard yet might want anything, so it counts as closing the ring.
        """
        if self._is_new and self._is_unheard_in_the_way(needs):
            return True
        seen = set()
        stack = list(self._in_the_way(needs))
        while stack:
            other = stack.pop()
            if other in seen or other == number:
                continue
            seen.add(other)
            wish = self._wishes.get(other)
            if wish is None:
                continue
            if place in wish.next_unit or (
                    self._is_new and self._is_unheard_in_the_way(wish.next_unit)):
                return True
            stack.extend(self._in_the_way(wish.next_unit))
        return False

    def _is_unheard_in_the_way(self, nodes):
        """Return whether somebody holds one of these nodes of whom nothing was heard yet."""
        return any(holder is not None and holder not in self._wishes
                   for holder in map(self._holder, nodes))

    def _in_the_way(self, nodes):
        """Return the robots whose base ends on one of these nodes."""
        result = []
        for node in nodes:
            holder = self._holder(node)
            wish = None if holder is None else self._wishes.get(holder)
            if wish is not None and wish.end == node:
                result.append(holder)
        return result

    def rings(self):
        """Return the rings of robots each waiting for the next, as tuples of numbers."""
        found, done = [], set()
        for start in sorted(self._wishes):
            path, number = [], start
            while number is not None and number not in done:
                if number in path:
                    found.append(tuple(path[path.index(number):]))
                    break
                path.append(number)
                ahead = [other for other in self._in_the_way(self._wishes[number].next_unit)
                         if other != number]
                number = ahead[0] if ahead else None
            done.update(path)
        return tuple(found)

    def obstacle(self, number):
        """
        Return what keeps a robot from its next unit, as (node, kind, number of the holder).

        kind is `held` or `promised` by the holder, `blocked` by its body, `shut` by people (holder
        None), `area` if it lies in one that is full (None), `paused` by people, the robot or an
        area (None), or `ring` (None): the unit is free, but giving it would close a ring. None if
        nothing does.
        """
        wish, owner = self._wishes.get(number), self.keeper.owner
        if wish is None or not wish.report.wanted:
            return None
        if self.is_paused(number) or self._is_in_paused_area(wish.next_unit):
            return (*wish.next_unit, *wish.report.wanted)[0], 'paused', None
        for node in wish.next_unit or wish.report.wanted:
            if owner.get(node, number) != number:
                return node, 'held', owner[node]
            if node in self.keeper.blocked:
                return node, 'blocked', self.keeper.blocked[node]
            if self._holder(node) == NOBODY:
                return node, 'shut', None
            if self._promised.get(node, number) != number:
                return node, 'promised', self._promised[node]
        if wish.next_unit and self._is_shut(wish):
            return wish.next_unit[0], 'shut', None
        if self._areas.closed_to(number, wish.next_unit):
            return wish.next_unit[0], 'area', None
        if wish.next_unit and not self._junction[wish.end] and self._ring(wish, *wish.unit[:2]):
            return wish.next_unit[0], 'ring', None
        return None

    def waiting_s(self, now_s, number):
        """Return for how long a robot has wanted its next node [s]; 0 when it wants none."""
        wish = self._wishes.get(number)
        return now_s - wish.since_s if wish is not None and wish.front >= 0 else 0.0


def lookahead_for(robot, coordinator):
    """Return how far ahead a robot needs authority so as not to brake at cruising speed [m]."""
    round_trip_s = 3.0 * robot.tick_s + coordinator.traffic_period_s + _QUEUE_S
    return (robot.brake_distance_m + robot.speed_mps * (robot.react_s + round_trip_s)
            + robot.arrive_m)
