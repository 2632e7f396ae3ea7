# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
What only the leader does: hear robots and people, decide, and tell what was committed.

A Leader is born when the first entry of its replica's term is applied, so it knows every decision
ever committed, and is dropped when the replica stops leading. It keeps nothing that must survive.
It never changes the fleet state: it proposes batches, and speaks after they are applied.

One batch of decisions is in flight at a time, so each decision sees the outcome of the one before.
Orders that come in are facts, not decisions: they are proposed at once.
"""

from math import inf
from uuid import UUID

from robot_swarm_orch.breaker import Breaker
from robot_swarm_orch.coordinator import bars, commands, events, saga
from robot_swarm_orch.coordinator.back_pressure import BackPressure
from robot_swarm_orch.coordinator.dispatcher import Dispatcher, is_last_word
from robot_swarm_orch.coordinator.fleet_state import DIGEST_EVERY, order_placed
from robot_swarm_orch.coordinator.intake import refusal, why_another, why_refused
from robot_swarm_orch.coordinator.operating import event_of, why_unknown
from robot_swarm_orch.coordinator.questions import Questions
from robot_swarm_orch.coordinator.reports import ReportBook
from robot_swarm_orch.coordinator.splitting import parts_of
from robot_swarm_orch.coordinator.tally import Tally
from robot_swarm_orch.coordinator.tasking import Tasking
from robot_swarm_orch.coordinator.traffic import Traffic
from robot_swarm_orch.types import (
    Clearance, Command, CommandKind, content_digest, FleetView, Grant, Lease, Mode, NO_PAYLOAD,
    OrderKind, Outcome)

_FORGET_PERIOD_MS = 60_000
# Steps after a pick that fail so often in a row are not tried for a while, so many pauses at most.
_FAILURES, _LONGEST = 3, 20
# Robots wait at a door until all have heard of them, so that is told so often, for so long [s].
_ZONES_PERIOD_S, _ZONES_AGAIN_S = 0.2, 2.0


class Outbox:
    """What a leader has to say; the replica empties it at each poll."""

    __slots__ = ('grants', 'commands', 'statuses', 'answers', 'reads', 'view', 'call')

    def __init__(self):
        """Start empty."""
        self.grants, self.commands, self.statuses, self.answers = [], [], [], []
        self.reads = []
        self.view = self.call = None


class Leader:
    """One term of leading, from the first committed entry to the loss of the lead."""

    def __init__(self, parts, state, term, now_s):
        """
        Begin to lead.

        parts: the replica's fixed parts (`replica.Parts`). state: the FleetState that it folds.
        """
        self.state = state
        self.keeper = state.keeper
        self.term = term
        self.outbox = Outbox()
        self.reports = ReportBook(state, parts.config, parts.robot, term, now_s)
        self.traffic = Traffic(parts.site, parts.robot, parts.config, state.keeper,
                               travel=parts.travel, pauses=state.pauses)
        self.dispatcher = Dispatcher(parts.config, parts.rng)
        self.questions = Questions(state, term)
        self.back_pressure = BackPressure(parts.robot.report_period_s,
                                          parts.config.traffic_period_s, parts.config.lease_s)
        self._tally = Tally(parts, state)
        self._breakers = {}  # robot -> Breaker of what it does after a pick
        self._parts = parts
        self._config = parts.config
        self.voters = parts.config.voters
        self._site = parts.site
        self._since_s, self._since_ms, self.since_index = now_s, state.time_ms, state.index
        self._orders_in = {}
        self._orders_proposed = {}
        self._acts = []
        self._acks = {}
        self._requests = {}
        self._in_flight = 0
        self._not_before = {}
        self._regrant = {}
        self._digest_due = 0
        self._forget_ms = state.time_ms
        self._traffic_s = self._allocation_s = self._view_s = now_s
        self._zones_told, self._zones_s = None, -inf
        self._lease_s = -inf
        self._lease_seq = 0
        self.tasking = Tasking(parts, state, self.reports, self._command, self._why_not_begin,
                               term)
        self._take_over(now_s)

    def _take_over(self, now_s):
        """Lay the site in an empty log; send what is open, and tell what was decided last."""
        state, parts = self.state, self._parts
        if self.keeper.site_hash == 0:
            self._acts.append((events.SiteLaid(self._site.hash, self._site.node_count), None))
            self._acts += [(events.Enrolled(robot, node, 'initial placement'), None)
                           for robot, node in parts.placement]
        if state.slots.places != frozenset(self._site.storage):
            self._acts.append((events.SlotsLaid(self._site.storage), None))
        for name, record in state.robots.items():
            if record.open is not None:
                self.dispatcher.opened(now_s, name, record.open.seq)
        told = [order for order in state.live.values() if order.state != saga.State.WAITING]
        told += state.ended.newest()
        self.outbox.statuses += [state.status_of(order, self.term) for order in told]

    # What comes in

    def hear_report(self, now_s, report):
        """Take in a robot's report (types.Report)."""
        number = self.reports.hear(now_s, report)
        if number is None:
            return
        if report.mode == Mode.AUTOMATIC:
            record = self.state.robots[report.robot]
            order = self.state.live.get(record.order_id)
            self.traffic.hear(now_s, number, report, 0 if order is None else order.priority)
            command = record.open
            if command is not None and report.command_seq >= command.seq:
                self.dispatcher.accepted(now_s, report.robot, command.seq)
        if self.reports.lacks_a_node(number):
            self._regrant[number] = None

    def hear_ack(self, now_s, ack):
        """Take in a robot's answer to a command (types.Ack)."""
        number = self.keeper.numbers.get(ack.robot)
        record = self.state.robots.get(ack.robot)
        if (record is None or record.open is None or ack.boot_id != self.keeper.boots[number]
                or (record.open.seq, record.open.command_id) != (ack.seq, ack.command_id)):
            return
        if is_last_word(ack):
            if ack.reason == NO_PAYLOAD:
                self.tasking.lacks_payload(now_s, ack.robot)
            self._acks[ack.robot] = events.CommandAcked(
                ack.robot, ack.seq, int(ack.outcome), ack.reason)
        elif ack.outcome == Outcome.ACCEPTED:
            self.dispatcher.accepted(now_s, ack.robot, ack.seq)

    def submit(self, order):
        """
        Take in an order (types.Order); the same id again is the same order.

        One that `only_asks`: it is answered with the order's state, or UNKNOWN.
        """
        known = self.state.order(order.order_id)
        coming = self._coming(order.order_id)
        reason = (why_another(order, known.content) if known is not None else
                  why_another(order, content_digest(coming)) if coming is not None else '')
        if not reason:
            if coming is not None:
                return
            if order.only_asks or known is not None:
                self.questions.ask(order)
                return
            waiting = len(self.state.waiting) + len(self._orders_in) + len(self._orders_proposed)
            reason = why_refused(order, self._site, self.state.robots,
                                 self._config.inspect_places_max)
            if not reason and waiting >= self._config.queue_bound:
                reason = f'queue full: {waiting} orders wait; try again later'
        if reason:
            self._tally.refused(order)
            self.outbox.statuses.append(refusal(order, self.term, reason))
        else:
            self._orders_in[order.order_id] = order

    def _coming(self, order_id):
        """Return an order that was handed in and is not committed yet, or None."""
        return self._orders_in.get(order_id) or self._orders_proposed.get(order_id)

    def _is_coming(self, order_id):
        return self._coming(order_id) is not None

    def operate(self, now_s, act, request_id):
        """Take in a person's act (see `acts`); answered after commit."""
        event, why_not = event_of(act, self._site)
        if not why_not and isinstance(act, Clearance):
            why_not = self.reports.why_not_clear(now_s, act.robot)
        if not why_not and why_unknown(event, self.state, self._is_coming):
            self.questions.doubt(event, request_id)  # another leader may know the order
        else:
            self._take(event, request_id, why_not)

    def _take(self, event, request_id, why_not):
        """Let an act be proposed, or answer why it is not."""
        if why_not:
            self.outbox.answers.append((request_id, False, why_not))
        else:
            self._acts.append((event, request_id))

    # Deciding

    def decide(self, now_s, propose):
        """
        Propose what is to be decided now; return whether anything was.

        propose: function from a tuple of events to the index of their entry.
        """
        proposed = False
        if self._orders_in:
            proposed = True
            propose(tuple(event for order in self._orders_in.values()
                          for event in self._placed(order)))
            self._orders_proposed.update(self._orders_in)
            self._orders_in = {}
        if self._in_flight > self.state.index:
            return proposed
        decided = [event for event, _ in self._acts]
        requests = [(position, request_id) for position, (_, request_id) in enumerate(self._acts)
                    if request_id is not None]
        missed = self._tally.missed()
        if missed:
            decided.append(events.DeadlinesMissed(missed))
        decided += [self._acks[robot] for robot in sorted(self._acks)]
        decided += self._commands_due(now_s)
        # What is decided with a blockage does not know of it yet.
        if now_s >= self._traffic_s and not any(
                isinstance(event, events.WayBlocked) for event in decided):
            decided += self._decide_traffic(now_s)
        if decided:
            self._acts, self._acks = [], {}
            self._in_flight = propose(tuple(decided))
            if requests:
                self._requests[self._in_flight] = requests
        return proposed or bool(decided)

    def _placed(self, order):
        """Return the events that accept an order, and split it if it is too large for a robot."""
        parts = () if order.kind != OrderKind.INSPECT else parts_of(
            self._site, order.places, self._config.inspect_places_max)
        placed = (order_placed(order),)
        return placed + (events.OrderSplit(order.order_id, parts),) if parts else placed

    def log_time_ms(self, now_s):
        """Return the log time of a batch proposed now."""
        return self._since_ms + int((now_s - self._since_s) * 1000.0)

    def _commands_due(self, now_s):
        """Return the commands that orders call for and that their robots can take."""
        result = []
        for name in sorted(self.state.due):
            if self._why_not_command(now_s, name) is not None:
                continue
            kind, place = commands.due(self.state, name)
            order = self.state.live.get(self.state.robots[name].order_id)
            if kind == CommandKind.CANCEL:  # it adds nothing, so a paused robot gets it too
                order = None
            elif self._is_paused(name) or not self._may_try(now_s, name, order):
                continue
            result.append(self._command(name, kind, place, '' if order is None
                                        else order.order_id))
            self._not_before[name] = now_s + self._config.traffic_period_s
        return result

    def _may_try(self, now_s, name, order):
        """Return whether a robot may try its next step now: after the pick, failures add up."""
        breaker = self._breakers.get(name)
        return breaker is None or order.state not in saga.CARRYING or breaker.allows(now_s)

    def _command(self, robot, kind, place, order_id=''):
        command_id = str(UUID(int=self._parts.rng.getrandbits(128), version=4))
        return events.CommandSent(robot, command_id, int(kind), self._site.places[place].node,
                                  place, order_id)

    def _decide_traffic(self, now_s):
        """Return the events of a traffic tick; now and then also of an allocation."""
        parts, started = self._parts, self._parts.perf()
        self._traffic_s = _next_due(self._traffic_s, self._config.traffic_period_s, now_s)
        decided = [events.BootRegistered(robot, boot_id)
                   for robot, boot_id in sorted(self.reports.boots.items())]
        self.reports.boots.clear()
        rows = self.traffic.decide(now_s)
        if rows:
            decided.append(events.AuthorityChanged(rows))
        parts.observe('traffic_s', parts.perf() - started)
        if now_s >= self._allocation_s:
            self._allocation_s = _next_due(
                self._allocation_s, self._config.allocation_period_s, now_s)
            allocation_started = parts.perf()
            decided += self.decide_tasks(now_s)
            parts.observe('allocation_s', parts.perf() - allocation_started)
        parts.observe('decide_s', parts.perf() - started)
        return decided

    def decide_tasks(self, now_s):
        """Return who is lost or found, who gets which order, who parks, what is forgotten."""
        lost, found = self.reports.silence(now_s)
        decided = [events.RobotLost(name) for name in lost]
        decided += [events.RobotFound(name) for name in found]
        now_ms = self.log_time_ms(now_s)
        decided += self.tasking.decide(now_s, now_ms, self.tasking.idle(now_s, set(lost)))
        return decided + self.housekeeping(now_ms)

    def _why_not_command(self, now_s, name):
        """Return what keeps a robot from a command (Bar), such as an open word of it, or None."""
        if name in self._acks or now_s < self._not_before.get(name, now_s):
            return bars.JUST_ENDED
        return self.reports.why_unfit(now_s, self.keeper.numbers[name])

    def _why_not_begin(self, now_s, name):
        """Return what keeps a robot from a command to do something new (Bar), or None."""
        return self._why_not_command(now_s, name) or (
            bars.PAUSED if self._is_paused(name) else None)

    def _is_paused(self, name):
        return self.traffic.is_paused(self.keeper.numbers[name])

    def housekeeping(self, now_ms):
        """Return events that keep the state small and compared."""
        decided = []
        if self._digest_due:
            decided.append(events.StateDigest(
                self._digest_due, self.state.digests[self._digest_due]))
            self._digest_due = 0
        if now_ms >= self._forget_ms:
            self._forget_ms = now_ms + _FORGET_PERIOD_MS
            before_ms = now_ms - int(self._config.order_memory_s * 1000.0)
            ended, keep = self.state.ended, self._config.orders_remembered
            if len(ended) > keep or ended and ended.oldest_ms < before_ms:
                decided.append(events.OrdersForgotten(before_ms, keep))
        return decided

    # What was applied

    def applied(self, now_s, effects):
        """Speak about an entry of this term that was just applied."""
        state = self.state
        self._tally.applied(effects)
        self.tasking.applied(effects)
        for number in effects.granted:
            if self.reports.lacks_a_node(number):
                self._regrant[number] = None
        for name in effects.booted:
            self.reports.registered(now_s, name)
            self._regrant[self.keeper.numbers[name]] = None
            if state.robots[name].open is not None:
                self.dispatcher.opened(now_s, name, state.robots[name].open.seq)
            else:
                self.dispatcher.closed(name)
        for name, failed in effects.closed:
            self.dispatcher.closed(name)
            if failed:
                self._not_before[name] = now_s + self._config.resend_max_s
            self._note_try(now_s, name, failed)
        for name in effects.commands:
            self.dispatcher.opened(now_s, name, state.robots[name].open.seq)
        for order_id in dict.fromkeys(effects.orders):
            order = state.order(order_id)
            self._orders_proposed.pop(order_id, None)
            self.outbox.statuses.append(self.tasking.status_of(order))
        if effects.ways:
            self._view_s = now_s
        requests = self._requests.pop(state.index, None)
        if requests:
            answers = dict(effects.answers)
            self.outbox.answers += [
                (request_id, not answers[position],
                 answers[position] or effects.notes.get(position, ''))
                for position, request_id in requests]
        if state.index % DIGEST_EVERY == 0:
            self._digest_due = state.index

    def _note_try(self, now_s, name, failed):
        """Let a robot's breaker know how its command ended; most robots need none."""
        if failed:
            if name not in self._breakers:
                pause_s = self._config.resend_max_s
                self._breakers[name] = Breaker(_FAILURES, 2.0 * pause_s, _LONGEST * pause_s,
                                               pause_s, self._parts.rng)
            self._breakers[name].failed(now_s)
        elif name in self._breakers:
            self._breakers[name].succeeded()

    # What goes out

    def speak(self, now_s):
        """Fill the outbox with what is to be said now."""
        outbox = self.outbox
        statuses, ready, acts = self.questions.answers(
            self._is_coming, lambda order: self.tasking.status_of(order, now_s))
        outbox.statuses += statuses
        outbox.reads += ready
        for event, request_id in acts:
            self._take(event, request_id, why_unknown(event, self.state, self._is_coming))
        outbox.call = self.tasking.take_call()
        if self._regrant:
            outbox.grants += [self._grant(number) for number in self._regrant]
            self._regrant.clear()
        for number, node in self.traffic.advise():
            outbox.grants.append(self._grant(number, node))
        if self.reports.refusals:
            outbox.grants += self.reports.refusals
            self.reports.refusals.clear()
        for robot in self.dispatcher.due(now_s):
            command = self._copy(now_s, robot)
            if command is not None:
                outbox.commands.append(command)
        if self._site.free_zones:
            self._tell_zones(now_s)
        if now_s >= self._view_s:
            self._view_s = _next_due(self._view_s, self._config.status_period_s, now_s)
            outbox.view = self.view()

    def _grant(self, number, advice=-1):
        keeper = self.keeper
        return Grant(keeper.names[number], keeper.boots[number], keeper.site_hash, self.term,
                     keeper.last_seq[number], self.reports.heard_seq(number),
                     keeper.nodes_of(number), commit_index=self.state.index, advice=advice)

    def _copy(self, now_s, robot):
        """Return a copy of a robot's open command, None while the robot would find it stale."""
        number = self.keeper.numbers[robot]
        command = self.state.robots[robot].open
        if command is None or not self.reports.is_heard(now_s, number,
                                                        self._config.command_ttl_s):
            return None
        order = self.state.live.get(command.order_id)
        trace_id, priority, deadline_s = (command.command_id, 100, 0.0) if order is None else (
            order.trace_id, order.priority, order.deadline_s)
        return Command(
            robot, self.keeper.boots[number], command.command_id, trace_id, self.term,
            command.seq, self.reports.heard_seq(number), self._config.command_ttl_s,
            CommandKind(command.kind), command.node, command.place, command.target_seq,
            command.order_id,
            command.step, priority, deadline_s)

    def lease(self, now_s, contact_age_s):
        """
        Return the Lease to send now, or None.

        contact_age_s: how long ago the newest word that a majority has answered was sent; None if
        there was none. The lease is shorter by that age, so it never outlives the leader's
        mandate: by then another leader may already give words of its own.
        """
        if now_s < self._lease_s:
            return None
        if contact_age_s is None or contact_age_s > self._config.election_max_s:
            return None
        self._lease_s = _next_due(self._lease_s, self._config.lease_period_s, now_s)
        self._lease_seq += 1
        return Lease(self.term, self._config.node_id, self._lease_seq,
                     self._config.lease_s - contact_age_s, self.reports.lease_pairs(now_s),
                     self.back_pressure.report_period_s)

    def view(self):
        """Return the fleet at a glance."""
        keeper, state = self.keeper, self.state
        robots = sorted(name for name, number in keeper.numbers.items() if keeper.enrolled[number])
        blocked = keeper.shut_nodes.union(keeper.blocked)
        for name in robots:
            if state.robots[name].lost:
                blocked |= keeper.owned[keeper.numbers[name]]
        return FleetView(
            self.term, self._config.node_id, state.index, keeper.site_hash, self.voters,
            tuple(robots), tuple(self.reports.mode_of(keeper.numbers[name]) for name in robots),
            tuple(sorted(blocked)), len(state.waiting), len(state.live) - len(state.waiting),
            state.done, self.reports.all_stopped(), tuple(sorted(keeper.shut_edges)),
            self._in_zones(), state.pauses.told(), tuple(sorted(state.pauses.drained)),
            self._config.queue_bound)

    def _in_zones(self):
        """Return (robot, spot) of all that may be in a free zone, sorted."""
        keeper = self.keeper
        return tuple(sorted(
            (keeper.names[number], spot) for zone in self._site.free_zones for spot in zone.spots
            for number in (keeper.owner.get(spot), keeper.blocked.get(spot))
            if number is not None))

    def _tell_zones(self, now_s):
        """Tell at once, and for a while again and again, when who is in a free zone changed."""
        in_zones = self._in_zones()
        if in_zones != self._zones_told:
            self._zones_told, self._zones_s = in_zones, now_s
            self._view_s = now_s
        elif now_s < self._zones_s + _ZONES_AGAIN_S:
            self._view_s = min(self._view_s, now_s + _ZONES_PERIOD_S)

    def abandoned(self):
        """Return answers to the requests that this leadership can no longer answer."""
        lost = [request_id for _, request_id in self._acts if request_id is not None]
        lost += self.questions.abandoned()
        lost += [request_id for requests in self._requests.values() for _, request_id in requests]
        return [(request_id, False, 'the leader changed meanwhile: look, then ask again')
                for request_id in lost]


def _next_due(due_s, period_s, now_s):
    """Return the next time of a periodic act: on its grid, or from now when it fell behind."""
    following_s = due_s + period_s
    return following_s if following_s > now_s else now_s + period_s
