# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Questions about orders: answered only by a coordinator that still leads.

A leader that was cut off does not know for a while that another one leads, and that orders have
been accepted or have moved on since. So it may not answer from its own state at once. It first
asks Raft for a read index (thesis, section 6.4): one round with a majority proves that it led when
the question came, and then its state is new enough. Without that, a customer could be told by the
new leader that an order is accepted, and by the old one afterwards that it is unknown.
"""

from robot_swarm_orch.coordinator.intake import unknown


class Questions:
    """The open questions of one leadership."""

    def __init__(self, state, term):
        """Answer from a FleetState."""
        self._state, self._term = state, term
        self._asked = {}      # order id -> Order, not handed to Raft yet
        self._reads = []      # requests of those who read for themselves, the same
        self._doubts = []     # (event, request) of acts on orders that are not known, the same
        self._doubted = []    # those that are not settled
        self._confirmed = []  # (index that must be applied first, orders, reads, doubts)

    def ask(self, order):
        """Take in a question, or an order that is known already: the answer is its state."""
        self._asked[order.order_id] = order

    def read(self, request_id):
        """Take in that somebody wants to read; `answers` says when the state is new enough."""
        self._reads.append(request_id)

    def doubt(self, event, request_id):
        """
        Take in an act on an order that is not known here; `answers` says when that is certain.

        So a misspelt id is answered without an entry in the log.
        """
        self._doubts.append((event, request_id))
        self._doubted.append((event, request_id))

    def abandoned(self) -> list:
        """Return the requests of acts that were taken in and are not settled."""
        return [request_id for _, request_id in self._doubted]

    def begin(self, raft):
        """Ask Raft whether this replica still leads, if there are questions; return whether so."""
        if not (self._asked or self._reads or self._doubts):
            return False
        raft.read_index((tuple(self._asked.values()), tuple(self._reads), tuple(self._doubts)))
        self._asked, self._reads, self._doubts = {}, [], []
        return True

    def confirm(self, reads):
        """Take in Raft's answers (raft.ReadState); whoever lost the lead says nothing."""
        self._confirmed += [(read.index, *read.ctx) for read in reads if read.index is not None]

    def answers(self, is_coming, explained):
        """
        Return the statuses that may be told now, the requests that may read now, and acts.

        Those are (event, request) of acts on orders that were not known: the state is new enough
        now to say so.

        is_coming(order_id): whether an order was handed in meanwhile; its acceptance will tell.
        explained(record): the status of an order with why it waits, for who asks; who hands the
        same order in again is told its state, which costs less.
        """
        if not self._confirmed:
            return [], [], []
        state, statuses, ready, acts, early = self._state, [], [], [], []
        for index, orders, requests, doubts in self._confirmed:
            if index > state.index:
                early.append((index, orders, requests, doubts))
                continue
            ready += requests
            acts += doubts
            self._doubted = [doubt for doubt in self._doubted if doubt not in doubts]
            for order in orders:
                known = state.order(order.order_id)
                if known is not None:
                    statuses.append(explained(known) if order.only_asks
                                    else state.status_of(known, self._term))
                elif not is_coming(order.order_id):
                    statuses.append(unknown(order, self._term))
        self._confirmed = early
        return statuses, ready, acts
