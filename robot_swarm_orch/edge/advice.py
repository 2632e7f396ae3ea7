# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Making way: the leader advises a robot that stands in others' way to go to a neighbouring node.

Advice changes what the robot wants, never what it may do: the node is given by the keeper like any
other. To ignore it costs somebody time.
"""

from math import inf

# Advice that is not repeated is forgotten after this long [s].
ADVICE_S = 2.0


class Advice:
    """The advice that one robot follows."""

    def __init__(self):
        """Start without any."""
        self._node, self._until_s = -1, -inf

    def hear(self, now_s: float, node: int) -> None:
        """Take in the node that the leader advises the robot to go to."""
        self._node, self._until_s = node, now_s + ADVICE_S

    def lead(self, now_s: float, track, committed: int, standing_at: int, held) -> bool:
        """
        Lead a track (base.Track) to the advised node and no further; return whether that was done.

        committed: index of the first node of the track at which the robot can still stop.
        standing_at: the node that it stands at, -1 if none. held: the nodes that it holds. It
        wants nothing more until it stands there and has given back where it was: that is what
        somebody waits for.
        """
        node, here = self._node, track.nodes[0]
        if node < 0:
            return False
        if now_s > self._until_s or here == standing_at == node and held == (node,):
            self._node = -1
            return False
        if here == node and committed == 0:
            track.nodes = (here,)
        elif node in track.nodes[1:2] and committed <= 1 or standing_at == here and (
                track.roadmap.site.is_edge(here, node)):
            track.nodes = (here, node)
        else:
            return False  # it could not stop there any more
        return True
