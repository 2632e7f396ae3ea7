# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The judges of a simulated fleet in one place: what is shown to whom, and when."""

from robot_swarm_orch.sim.checks import (
    HoldJudge, InsideJudge, LeaderJudge, LoadJudge, OrderJudge, OverlapJudge, PrefixJudge)
from robot_swarm_orch.types import incarnation_of

_INSIDE_EVERY = 5  # the inside judge looks at every so manieth report


class Judges:
    """
    The judges that any simulated fleet has; `sim/strict_panel.py` adds those of `swarm verify`.

    A cluster calls `committed`, `spoke`, `failed`, `moved`, `ticked` and `stepped` as things
    happen.
    """

    def __init__(self, cluster):
        """Judge a cluster, whose world must exist."""
        self.cluster = cluster
        self.overlap = OverlapJudge(cluster.world.robots, cluster.options.robot.footprint_radius_m)
        self.inside = InsideJudge(cluster.site)
        self.hold = HoldJudge()
        self.order = OrderJudge()
        self.load = LoadJudge(cluster.site.storage)
        self.leader = LeaderJudge()
        self.prefix = PrefixJudge()
        self.failures = []

    def violations(self) -> list:
        """Return all that any judge found."""
        return self.failures + [text for judge in self.__dict__.values()
                                for text in getattr(judge, 'violations', ())]

    def committed(self, name, entry) -> None:
        """Look at an entry that a coordinator calls committed and is about to apply."""
        self.prefix.feed(name, entry.index, entry.term, entry.data)

    def spoke(self, name, outputs) -> None:
        """Look at what leaves a coordinator."""
        if outputs.lease is not None:
            self.leader.feed(outputs.lease.term, outputs.lease.leader_id)

    def failed(self, name, error) -> None:
        """Note that a program broke: an error that no fault explains."""
        self.failures.append(f'{self.cluster.now_s:.2f} s: {name} ended with '
                             f'{type(error).__name__}: {error}')

    def moved(self, happenings) -> None:
        """Look at the world, which has just moved."""
        world = self.cluster.world
        self.overlap.feed(self.cluster.now_s, world.x, world.y)
        for happening in happenings:
            self.order.feed(happening)
            self.load.feed(happening)

    def ticked(self, robot, inputs, outputs) -> None:
        """Look at a robot that has just ticked; `outputs` is None if its program died of it."""
        if outputs is None or outputs.report is None or not incarnation_of(outputs.report.seq):
            return
        report, cluster = outputs.report, self.cluster
        self.hold.feed(robot.name, report.boot_id, report.seq, cluster.now_s, report.held)
        if robot.reports % _INSIDE_EVERY == 0:
            self.inside.feed(cluster.now_s, robot.name, cluster.world.x[robot.index],
                             cluster.world.y[robot.index], report.held)

    def stepped(self) -> None:
        """Look at the whole, at the end of a step."""
