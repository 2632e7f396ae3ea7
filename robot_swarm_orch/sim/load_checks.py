# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""A judge of loads: where they really stand, against what customers were told."""


class LoadJudge:
    """
    Finds storage places with two loads, and loads that are not where their order's end says.

    It knows picks and drops that were really completed, and answers; no order's life.
    """

    def __init__(self, storage):
        """Know the names of the places that take one load each."""
        self._storage = frozenset(storage)
        self._stands = {}  # storage place -> order whose load was set down there
        self._on = {}      # order -> robot that has its load
        self._where = {}   # order -> place where its load was set down last
        self.violations = []

    def feed(self, happening) -> None:
        """Judge one `Happening` of the world."""
        order, place = happening.order, happening.place
        if happening.kind == 'pick':
            self._on[order] = happening.robot
            self._stands.pop(place, None)
        elif happening.kind == 'drop':
            self._on.pop(order, None)
            self._where[order] = place
            if place in self._stands:
                self.violations.append(
                    f'{happening.time_s:.2f} s: {happening.robot} sets {order} down at {place}, '
                    f'where {self._stands[place]} stands')
            if place in self._storage:
                self._stands[place] = order

    def close(self, cancelled, promised) -> None:
        """
        Judge the ends that customers were told.

        cancelled: {order called CANCELLED: (its pick, its drop)}. promised: {order whose
        cancellation was answered with done: whether it is called CANCELLED}.
        """
        for order, (pick, drop) in sorted(cancelled.items()):
            where = self._where.get(order, pick)
            if order in self._on:
                self.violations.append(f'{order} is called cancelled, but {self._on[order]} has '
                                       'its load')
            elif where != pick and (where == drop or where not in self._storage):
                self.violations.append(f'{order} is called cancelled, but its load, picked at '
                                       f'{pick}, stands at {where}')
        for order, kept in sorted(promised.items()):
            if not kept:
                self.violations.append(f'{order} was to be cancelled, as was answered, and is not')
