# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Carries the faults of a timeline out on a running fleet, and undoes them.

Each kind of fault has a row in `_ACTS`: how it begins, and how it ends. Signals go to real
processes, links are cut in real network namespaces (`namespaces.py`), late words are said again
over real DDS (`nodes/late_words.py`).
"""

from dataclasses import replace
from pathlib import Path
import shutil
from typing import Callable, List

from robot_swarm_orch.config import check
from robot_swarm_orch.demo.evidence import Evidence, FaultRecord
from robot_swarm_orch.demo.operator import Operator
from robot_swarm_orch.demo.timeline import (
    CUT, DEAF, EDGE, Fault, FREEZE, FREEZE_EDGE, LATE, LEADER, MAJORITY, MUTE, REPLACE, RESTART,
    SPLIT, WIPE)
from robot_swarm_orch.metrics import with_prefix

# A process that was asked to end and has not after this long is killed, and called trouble [s].
END_PATIENCE_S = 6.0
# Processes tell their counts once a second; refusals are read so long after the last late word.
SETTLE_S = 2.5

_NO_COORDINATORS = (EDGE, FREEZE_EDGE, LATE)
_CAREFUL = (RESTART, WIPE, REPLACE)  # an operator's acts, who looks whether all is well again


class Injector:
    """
    Harms a fleet as planned.

    supervisor: of its processes. specs: what they are. evidence: where records go; its
    observation says who leads. tell(text): shows an event. words(): the LateWords, when some
    fault repeats words. network: a namespaces.Network, when some fault cuts links.
    """

    def __init__(self, supervisor, specs, evidence: Evidence, tell: Callable[[str], None],
                 words=None, network=None):
        """Check that the faults fit the fleet; raises ConfigError."""
        self._supervisor, self._evidence, self._tell = supervisor, evidence, tell
        self._words, self._network = words, network
        self._coordinators = {spec.parameters['node_id']: spec for spec in specs
                              if spec.executable == 'coordinator_node'}
        self._edges = [spec.name for spec in specs if spec.executable == 'edge_node']
        self._pending = list(evidence.timeline.faults)
        self._held = {}
        self._site_id = next(iter(self._coordinators.values())).parameters['site_id']
        self._numbers = len(self._coordinators)  # coordinators that there ever were
        self._operators = []  # (record, Operator)
        check(network is not None or not evidence.timeline.cuts_links,
              'faults that cut links need network namespaces: `swarm chaos --scenario partition`')
        for fault in self._pending:
            check(not fault.target or fault.target in self._coordinators,
                  f'fault {fault}: there is no coordinator {fault.target!r}, only '
                  f'{", ".join(self._coordinators)}')

    def turn(self, now_s: float) -> None:
        """Begin, end and follow faults as of now [s, steady clock]."""
        t = now_s - self._evidence.start_s
        for record, operator in self._operators:
            self._attend(record, operator, now_s)
        for record in self._evidence.faults:
            if record.ended_s is None and now_s >= record.begun_s + record.fault.down_s:
                self._end(record, now_s)
            elif record.ended_s is not None:
                self._follow(record, now_s)
        while self._pending and t >= self._pending[0].at_s and not self._must_wait():
            self._begin(self._pending.pop(0), now_s)

    def _must_wait(self) -> bool:
        """
        Return whether the next fault would take a coordinator beside one that is not back yet.

        A group bears the loss of a minority, and one that a dead member has not left yet bears
        less.
        """
        return self._pending[0].kind not in _NO_COORDINATORS and any(
            record.fault.kind not in _NO_COORDINATORS and (
                record.ended_s is None
                or record.fault.kind in _CAREFUL and record.caught_up_s is None
                or record.successor and record.group_changed_s is None)
            for record in self._evidence.faults)

    # -- begin and end --------------------------------------------------------------------------

    def _begin(self, fault: Fault, now_s: float) -> None:
        """Do what a fault says."""
        seen = self._evidence.observation
        victims = self._victims(fault)
        record = FaultRecord(fault, victims, now_s, term=seen.term,
                             led=f'coordinator_{seen.leader}' in victims)
        record.begun_s = _ACTS[fault.kind][0](self, record) or now_s
        self._evidence.faults.append(record)

    def _end(self, record: FaultRecord, now_s: float) -> None:
        """Undo a fault; tries again at the next turn while that is not possible yet."""
        record.ended_s = _ACTS[record.fault.kind][1](self, record, now_s)

    def _victims(self, fault: Fault) -> tuple:
        """Return the processes that a fault meets, the leader first."""
        if fault.kind in (EDGE, FREEZE_EDGE):
            return tuple(self._edges[:1])
        if fault.kind == LATE:
            return ()
        names = [f'coordinator_{node_id}' for node_id in self._coordinators]
        leader = f'coordinator_{self._evidence.observation.leader}'
        leader = leader if leader in names else names[0]
        if fault.kind == MAJORITY:
            others = [name for name in names if name != leader]
            return (leader, *others[:len(names) // 2])
        asked = f'coordinator_{fault.target}'
        return (asked if asked in names else leader,)

    def _kill(self, record) -> float:
        killed_s = self._supervisor.kill(*record.victims)
        self._gone(record)
        self._tell(f'SIGKILL to {", ".join(record.victims)} ({record.fault.kind})')
        return killed_s

    def _gone(self, record) -> None:
        for name in record.victims:
            self._evidence.observation.process_ended(name)

    def _start(self, record, now_s) -> float:
        seen = self._evidence.observation
        record.behind = max((metrics.counters.get('consensus_commit_index', 0)
                             for metrics in seen.metrics.values()), default=0)
        names = (record.successor,) if record.successor else record.victims
        self._supervisor.start(*names)
        self._tell(f'started {", ".join(names)}')
        return now_s

    def _succeed(self, record, now_s) -> float:
        """Start a coordinator with a new id and an empty disk; an operator changes the group."""
        gone = record.victims[0].removeprefix('coordinator_')
        spec = self._coordinators.pop(gone)
        self._numbers += 1
        node_id = f'c{self._numbers}'
        record.successor = f'coordinator_{node_id}'
        folder = Path(spec.parameters['data_dir']).with_name(record.successor)
        self._coordinators[node_id] = replace(spec, name=record.successor, parameters={
            **spec.parameters, 'node_id': node_id, 'data_dir': str(folder), 'join': True})
        if self._network is not None:
            self._network.join(node_id)
        self._supervisor.add(self._coordinators[node_id])
        self._operators.append((record, Operator(
            [('coordinators', act, '--site', self._site_id, whom)
             for act, whom in (('add', node_id), ('remove', gone))])))
        return self._start(record, now_s)

    def _attend(self, record, operator, now_s) -> None:
        """Let an operator go on, and note when the group is changed."""
        done = operator.turn()
        if done:
            self._tell(f'an operator did `{done}`')
        if operator.is_done and record.group_changed_s is None:
            record.group_changed_s = now_s
        if operator.failure and operator.failure not in self._evidence.trouble:
            self._evidence.trouble.append(operator.failure)

    def leave(self) -> None:
        """End the operators' commands that still run."""
        for _, operator in self._operators:
            operator.leave()

    def _ask_to_end(self, record) -> float:
        asked_s = self._supervisor.ask_to_end(*record.victims)
        self._tell(f'SIGTERM to {", ".join(record.victims)}')
        return asked_s

    def _start_when_ended(self, record, now_s):
        """Start a process again that has ended by itself; None while it has not."""
        name = record.victims[0]
        record.exit_status = self._supervisor.ended_with(name)
        if record.exit_status is None:
            if now_s < record.begun_s + record.fault.down_s + END_PATIENCE_S:
                return None
            self._supervisor.kill(name)
            self._evidence.forced.append(name)
        self._gone(record)
        return self._start(record, now_s)

    def _empty_disk(self, record) -> float:
        """Kill a coordinator for good: what it had written is gone with it."""
        killed_s = self._kill(record)
        for name in record.victims:
            spec = self._coordinators[name.removeprefix('coordinator_')]
            shutil.rmtree(Path(spec.parameters['data_dir']))
            self._tell(f'the disk of {name} is gone')
        return killed_s

    def _freeze(self, record) -> float:
        if record.fault.kind == FREEZE and self._words is not None:
            self._held[id(record)] = self._words().hold()
        frozen_s = self._supervisor.pause(*record.victims)
        self._tell(f'SIGSTOP to {", ".join(record.victims)}')
        return frozen_s

    def _wake(self, record, now_s) -> float:
        woken_s = self._supervisor.resume(*record.victims)
        self._tell(f'SIGCONT to {", ".join(record.victims)}')
        self._say_again(record)
        return woken_s

    def _hold_words(self, record) -> None:
        self._held[id(record)] = self._words().hold()

    def _release_words(self, record, now_s) -> float:
        self._say_again(record)
        return now_s

    def _say_again(self, record) -> None:
        """Let held words arrive now."""
        held = self._held.pop(id(record), None)
        if held is not None:
            record.refused_before = self._refusals()
            record.said = self._words().say_again(held)
            first_s, last_s = record.said.late_s
            self._tell(f'{len(held)} words arrive {first_s:.1f} to {last_s:.1f} s late')

    def _cut(self, record) -> None:
        kind, names = record.fault.kind, record.victims
        self._network.cut(kind, names[0].removeprefix('coordinator_'))
        self._tell(f'{names[0]} is {kind if kind in (MUTE, DEAF) else kind + " off"}')

    def _heal(self, record, now_s) -> float:
        self._network.heal(record.victims[0].removeprefix('coordinator_'))
        self._tell(f'the links of {record.victims[0]} are whole again')
        return now_s

    # -- afterwards -----------------------------------------------------------------------------

    def _follow(self, record: FaultRecord, now_s: float) -> None:
        """Watch what becomes of the victims, and of words that came late."""
        seen = self._evidence.observation
        if record.said is not None and record.refused is None and (
                record.said.done_s is not None and now_s >= record.said.done_s + SETTLE_S):
            before = record.refused_before
            record.refused = {name: count - before.get(name, 0)
                              for name, count in self._refusals().items()
                              if count > before.get(name, 0)}
        name = record.successor or (record.victims[0] if record.victims else '')
        metrics = seen.metrics.get(name)
        if metrics is None or seen.metrics_s[name] <= record.ended_s:
            return
        if record.behind is not None and record.caught_up_s is None and (
                metrics.counters.get('consensus_commit_index', 0) >= record.behind):
            record.caught_up_s = seen.metrics_s[name]
        if record.stepped_down_s is None and not metrics.counters.get('consensus_is_leader', 0):
            record.stepped_down_s = seen.metrics_s[name]

    def _refusals(self) -> dict:
        """Return what all processes have refused so far, by reason."""
        return with_prefix(self._evidence.observation.all_metrics().counters, 'refused.')

    def not_begun(self) -> List[str]:
        """Return the faults that there was no time for."""
        return [str(fault) for fault in self._pending]


# kind -> (begin(injector, record) -> when, end(injector, record, now) -> when, None: not yet)
_ACTS = {
    **dict.fromkeys((LEADER, MAJORITY, EDGE), (Injector._kill, Injector._start)),
    **dict.fromkeys((FREEZE, FREEZE_EDGE), (Injector._freeze, Injector._wake)),
    RESTART: (Injector._ask_to_end, Injector._start_when_ended),
    WIPE: (Injector._empty_disk, Injector._start),
    REPLACE: (Injector._empty_disk, Injector._succeed),
    LATE: (Injector._hold_words, Injector._release_words),
    **dict.fromkeys((CUT, SPLIT, MUTE, DEAF), (Injector._cut, Injector._heal)),
}
