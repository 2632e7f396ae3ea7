# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
A fleet in virtual time whose words are overheard: real agents, limiters, traffic and replicas.

`picture()` is what a listener would know: only what was sent, nothing from inside.
"""

from robot_swarm_orch.insight.picture import Picture, waits_from_json, waits_to_json
from robot_swarm_orch.insight.why import explain
from robot_swarm_orch.sim.cluster import Cluster, ClusterOptions
from robot_swarm_orch.site import load_site
from robot_swarm_orch.types import EmergencyStop, Order, OrderKind

# A one-way ring of 6 by 4 m with a shelf, a desk and two parking pockets.
RING = load_site({
    'name': 'ring', 'zone_size_m': 25.0,
    'nodes': {'a': [0, 0], 'b': [2, 0], 'c': [4, 0], 'd': [6, 0], 'e': [6, 2], 'f': [6, 4],
              'g': [4, 4], 'h': [2, 4], 'i': [0, 4], 'j': [0, 2], 'p': [2, -2], 'q': [4, -2]},
    'edges': [[a, b, 'oneway'] for a, b in zip('abcdefghij', 'bcdefghija')] + [
        ['p', 'b', 'both'], ['q', 'c', 'both']],
    'places': {'shelf': ['storage', 'd'], 'desk': ['station', 'f'],
               'park_1': ['parking', 'p'], 'park_2': ['parking', 'q']}})


class Staged(Cluster):
    """A cluster without customers that remembers the newest word of everybody."""

    def __init__(self, robots=2, seed=1, **options):
        """Start; nothing has happened yet."""
        super().__init__(RING, robots, seed, ClusterOptions(orders=False, **options))
        self.heard = {'view': (None, -1e9), 'lease': (None, -1e9)}
        self.told, self.grants, self.statuses, self.heard_s = {}, {}, {}, {}
        self.speakers = {}

    def _carry_out(self, name, outputs):
        for kind in self.heard:
            if getattr(outputs, kind) is not None:
                self.heard[kind] = (getattr(outputs, kind), self.now_s)
        if outputs.messages or outputs.lease is not None:
            self.speakers[name] = self.now_s
        self.grants.update({grant.robot: grant for grant in outputs.grants})
        self.statuses.update({status.order_id: status for status in outputs.statuses})
        super()._carry_out(name, outputs)

    def _tick_robot(self, robot, ranges):
        super()._tick_robot(robot, ranges)
        if robot.outputs.report is not None:
            self.heard_s[robot.name] = self.now_s
        if robot.outputs.safety is not None:
            self.told[robot.name] = (robot.outputs.safety, self.now_s)

    def picture(self) -> Picture:
        """Return what a listener knows by now."""
        now, leader = self.now_s, self.leader()
        waits, silent = self.replicas[leader].words() if leader else ([], {})
        (view, view_s), (lease, lease_s) = self.heard['view'], self.heard['lease']
        reports = {name: robot.report for name, robot in self.robots.items() if robot.report}
        return Picture(
            'ring', 3.0, 62, reports, {name: now - self.heard_s[name] for name in reports},
            {name: safety for name, (safety, _) in self.told.items()},
            {name: now - told_s for name, (_, told_s) in self.told.items()}, dict(self.grants),
            dict(self.statuses), view if now - view_s < 3.0 else None,
            lease if now - lease_s < 1.0 else None, now - lease_s,
            waits_from_json(waits_to_json(waits)), silent,
            frozenset(name for name, at in self.speakers.items() if now - at < 3.0),
            frozenset(self.stores), site=self.site)

    def why(self, robot: str) -> str:
        """Return the sentence about a robot."""
        return explain(self.picture(), robot).text

    def until(self, holds, patience_s=60.0):
        """Let time pass until something holds."""
        self.run(patience_s, until=holds)
        assert holds(), f'not within {patience_s} s: ' + '; '.join(map(self.why, self.robots))

    def order(self, order_id, pick='shelf', drop='desk'):
        """Hand an order to the leader; without a pick a robot just drives to `drop`."""
        kind = OrderKind.MOVE if pick else OrderKind.GO
        self.replicas[self.leader()].submit(
            self.now_s, Order(order_id, f'trace-{order_id}', kind, pick, drop))

    def stop_all(self, number, active):
        """Act on the emergency stop of the whole fleet."""
        stop = EmergencyStop('kim', number, active, 'fire drill')
        for robot in self.robots.values():
            robot.stops.append(stop)

    def operate(self, act):
        """Carry out a person's act and return why it was refused, '' if it was not."""
        answers = []
        leader = self.replicas[self.leader()]
        leader.operate(self.now_s, act, 'by hand')
        carry_out = leader.poll

        def poll(now_s):
            outputs = carry_out(now_s)
            answers.extend(outputs.answers)
            return outputs
        leader.poll = poll
        self.until(lambda: answers, 10.0)
        leader.poll = carry_out
        return answers[0][2]
