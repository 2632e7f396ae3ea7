# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Commands and the payload device: what the robot does for the coordinators, each thing once.

-   The coordinators number a robot's commands. The newest number and what became of it are in the
    journal before they are acknowledged, so they survive a reboot.
-   A command seen before is answered as before and changes nothing. One that was accepted but lost
    in a reboot before it touched anything is carried out when it comes again.
-   A command of a lower term than heard, one whose time to live has passed, and one for another
    boot are refused, and the refusal says why. None of these uses up its number.
-   GO and PARK are done when the robot stands at the node. A newer command supersedes them.
-   PICK, DROP, DOCK, CHARGE and INSPECT are done by the payload device while the robot stands at
    the node. They are never superseded: meanwhile others are told to come again. STARTED is in the
    journal before the device is asked, the outcome before the acknowledgement.
-   If the robot reboots in between, or the device forgets the action that it was at, the device's
    word settles it: the action it names, else the load that it measures. If neither tells, a
    PICK or DROP is IN_DOUBT: the robot stands. It never tries again on a guess. Any other action
    has failed: to do it twice does no harm.
-   A device that has not spoken since the boot is never asked: the command must come again for a
    while, then it has failed, and nothing was started.
-   A newer command ends the doubt: the coordinators send none before a person has settled it.
-   CANCEL ends a GO or PARK. For an action at work it asks the device to stop; it must come again.
"""

from collections import OrderedDict
from enum import Enum
from math import isnan
from typing import Optional

from robot_swarm_orch.config import RobotConfig
from robot_swarm_orch.edge.journal import Accepted, Finished, Journal, Started
from robot_swarm_orch.edge.lease import LeaseClock
from robot_swarm_orch.errors import InvariantError
from robot_swarm_orch.types import (
    Ack, Command, CommandKind, LoadAction, LoadReading, LoadRequest, LoadStatus, NO_PAYLOAD,
    Outcome)


class Phase(Enum):
    """What the robot is doing for the coordinators."""

    IDLE = 'idle'
    DRIVING = 'driving'    # GO or PARK
    WORKING = 'working'    # the payload device was asked for an action
    SETTLING = 'settling'  # an action was started, and what became of it must be found out
    IN_DOUBT = 'in doubt'  # nobody can tell; a person must


class Event(Enum):
    """What can happen to it."""

    DRIVE = 'drive'      # a GO or PARK begins
    WORK = 'work'        # a load action begins
    ARRIVE = 'arrive'    # the robot stands at the goal
    FORGET = 'forget'    # cancelled, superseded, or settled by a person
    END = 'end'          # the device told the outcome
    LOSE = 'lose'        # the device no longer knows the action
    RESUME = 'resume'    # the device is still at it
    DOUBT = 'doubt'      # neither the device nor the load tells


TABLE = {
    Phase.IDLE: {Event.DRIVE: Phase.DRIVING, Event.WORK: Phase.WORKING},
    Phase.DRIVING: {Event.ARRIVE: Phase.IDLE, Event.FORGET: Phase.IDLE},
    Phase.WORKING: {Event.END: Phase.IDLE, Event.LOSE: Phase.SETTLING},
    Phase.SETTLING: {Event.END: Phase.IDLE, Event.RESUME: Phase.WORKING,
                     Event.DOUBT: Phase.IN_DOUBT},
    Phase.IN_DOUBT: {Event.FORGET: Phase.IDLE},
}


def next_phase(phase: Phase, event: Event) -> Phase:
    """Return the phase that an event leads to; InvariantError where the table has none."""
    try:
        return TABLE[phase][event]
    except KeyError:
        raise InvariantError(f'a task that is {phase.value} has no event {event.value}') from None


ACTIONS = {CommandKind.PICK: LoadAction.PICK, CommandKind.DROP: LoadAction.DROP,
           CommandKind.DOCK: LoadAction.DOCK, CommandKind.CHARGE: LoadAction.CHARGE,
           CommandKind.INSPECT: LoadAction.INSPECT}
# Actions that must not be done twice; of the others none is ever in doubt.
_ONCE = (LoadAction.PICK, LoadAction.DROP)
# The device is asked again at this period until it names the action.
_ASK_AGAIN_S = 0.5
# A device that says nothing for this long after a reboot leaves its last action in doubt.
_SETTLE_WAIT_S = 10.0
# A device that has not spoken for this long after it was first needed is not there.
_DEVICE_WAIT_S = 5.0
_REMEMBERED = 16


class TaskRunner:
    """Carries out one robot's commands, one at a time."""

    def __init__(self, robot: str, config: RobotConfig, journal: Journal, clock: LeaseClock,
                 boot_id: int):
        """Go on from what the journal holds."""
        self.robot, self.config, self.boot_id = robot, config, boot_id
        self._journal, self._clock = journal, clock
        self._state = journal.load()
        self._command: Optional[Command] = None  # the open one, if it came since the boot
        self._answered = OrderedDict()           # seq -> (outcome, reason)
        self._named = False                      # the device has named the action at work
        self._cancelling = False
        self._asked_s = self._settling_s = self._needed_s = None
        self.phase = self._phase_at_boot()

    def _phase_at_boot(self):
        """Return the phase in which the journal left the robot."""
        finished = self._state.finished
        if finished is not None:
            return Phase.IN_DOUBT if finished.outcome == Outcome.IN_DOUBT else Phase.IDLE
        return Phase.SETTLING if self._state.started is not None else Phase.IDLE

    @property
    def goal(self) -> int:
        """Return the node that the open command leads to, -1 if none does."""
        return self._command.node if self.phase == Phase.DRIVING else -1

    @property
    def command_seq(self) -> int:
        """Return the newest command accepted, 0 if none was."""
        return self._state.accepted.seq if self._state.accepted else 0

    @property
    def order_id(self) -> str:
        """Return the order being carried out, empty if none is."""
        if self.phase == Phase.IDLE or self._state.accepted is None:
            return ''
        return self._state.accepted.order_id

    @property
    def action(self) -> str:
        """Return the load action started last, and its place if known, for people."""
        started = self._state.started
        if started is None:
            return ''
        place = self._command.place if self._command is not None else ''
        return LoadAction(started.action).name.lower() + (f' at {place}' if place else '')

    def hear(self, command: Command, now_s: float, standing_at: int, has_device: bool) -> Ack:
        """
        Take in a copy of a command and return the answer.

        standing_at: a node, or -1. has_device: the payload device has spoken since the boot.
        """
        known = self._known(command)
        if known is None:
            missing = not has_device and command.kind in ACTIONS and standing_at == command.node
            known = (self._refusal(command, now_s)
                     or missing and self._without_device(command, now_s)
                     or self._accept(command, standing_at))
        return self._ack(command, *known)

    def step(self, now_s: float, standing_at: int,
             reading: Optional[LoadReading]) -> Optional[Ack]:
        """Look whether the open command has ended; return its acknowledgement if so."""
        command = self._command
        if self.phase == Phase.DRIVING:
            ended = self._end(Event.ARRIVE, Outcome.DONE) if standing_at == command.node else None
        elif self.phase == Phase.WORKING:
            ended = self._work(now_s, reading)
        elif self.phase == Phase.SETTLING:
            ended = self._settle(now_s, reading)
        else:
            ended = None
        return self._ack(command, *ended) if ended and command is not None else None

    def load_request(self, now_s: float) -> Optional[LoadRequest]:
        """Return what to ask the payload device for now: repeated until it names the action."""
        if self.phase != Phase.WORKING or (self._named and not self._cancelling):
            return None
        if self._asked_s is not None and now_s - self._asked_s < _ASK_AGAIN_S:
            return None
        self._asked_s = now_s
        started = self._state.started
        action = LoadAction.CANCEL if self._cancelling else started.action
        place = self._command.place if self._command is not None else ''
        return LoadRequest(started.action_id, action, self.order_id, place)

    def _known(self, command):
        """Return the (outcome, reason) of a command that was seen before, None for a new one."""
        if command.seq > self.command_seq:
            return None
        if command.seq < self.command_seq:
            return self._answered.get(command.seq, (Outcome.REJECTED, 'seen'))
        finished = self._state.finished
        if finished is not None:
            return finished.outcome, finished.reason
        return None if self.phase == Phase.IDLE else (Outcome.ACCEPTED, '')

    def _refusal(self, command, now_s):
        """Return (outcome, reason) if a new command must not be carried out now, else None."""
        if command.boot_id != self.boot_id:
            return Outcome.REJECTED, 'wrong_boot'
        if not self._clock.hear_term(command.term):
            return Outcome.REJECTED, 'stale_term'
        life = min(command.ttl_s, self.config.command_ttl_max_s)
        if self._clock.expired(command.heard_seq, life, now_s):
            return Outcome.REJECTED, 'expired'
        if self.phase in (Phase.WORKING, Phase.SETTLING):
            self._cancelling |= (command.kind == CommandKind.CANCEL
                                 and command.target_seq == self.command_seq)
            return Outcome.RETRY, 'busy'
        return None

    def _without_device(self, command, now_s):
        """Return (outcome, reason) of an action while no device has spoken; it may yet."""
        if self._needed_s is None:
            self._needed_s = now_s
        if now_s - self._needed_s < _DEVICE_WAIT_S:
            return Outcome.RETRY, NO_PAYLOAD
        self._take(command)
        return self._finish(Outcome.FAILED, NO_PAYLOAD)

    def _take(self, command):
        """Make a command the open one, which ends a drive or a doubt."""
        if self.phase in (Phase.DRIVING, Phase.IN_DOUBT):
            self.phase = next_phase(self.phase, Event.FORGET)
        self._write(Accepted(command.seq, command.term, CommandKind(command.kind),
                             command.order_id, command.step))
        self._command = command

    def _accept(self, command, standing_at):
        """Carry out a new command, or begin to; return (outcome, reason)."""
        self._take(command)
        if command.kind in (CommandKind.GO, CommandKind.PARK):
            self.phase = next_phase(self.phase, Event.DRIVE)
            if standing_at == command.node:
                return self._end(Event.ARRIVE, Outcome.DONE)
            return Outcome.ACCEPTED, ''
        if command.kind not in ACTIONS:
            return self._finish(Outcome.DONE)
        if standing_at != command.node:
            return self._finish(Outcome.REJECTED, 'not_there')
        self._write(Started(command.seq, command.command_id, ACTIONS[command.kind]))
        self.phase = next_phase(self.phase, Event.WORK)
        self._named = self._cancelling = False
        self._asked_s = None
        return Outcome.ACCEPTED, ''

    def _work(self, now_s, reading):
        """Follow the device while it works."""
        if reading is None:
            return None
        if reading.action_id != self._state.started.action_id:
            if not self._named:
                return None
            self.phase = next_phase(self.phase, Event.LOSE)
            return self._settle(now_s, reading)
        self._named = True
        return self._outcome_of(reading)

    def _outcome_of(self, reading):
        """Return what a reading that names the action says of it, None while it is under way."""
        if reading.status == LoadStatus.DONE:
            return self._end(Event.END, Outcome.DONE)
        if reading.status == LoadStatus.FAILED:
            return self._end(Event.END, Outcome.FAILED, reading.reason or 'device_failed')
        if reading.status == LoadStatus.CANCELLED:
            return self._end(Event.END, Outcome.FAILED, 'cancelled')
        return None

    def _settle(self, now_s, reading):
        """Find out what became of an action that nobody watched."""
        started = self._state.started
        if self._settling_s is None:
            self._settling_s = now_s
        if reading is None:
            if now_s - self._settling_s < _SETTLE_WAIT_S:
                return None
            if started.action not in _ONCE:
                return self._end(Event.END, Outcome.FAILED, 'no_reading')
            return self._end(Event.DOUBT, Outcome.IN_DOUBT, 'no_reading')
        if reading.action_id == started.action_id and reading.status != LoadStatus.IDLE:
            if reading.status == LoadStatus.RUNNING:
                self.phase = next_phase(self.phase, Event.RESUME)
                self._named, self._settling_s = True, None
                return None
            return self._outcome_of(reading)
        happened = _happened(started.action, reading)
        if happened is None:
            return self._end(Event.DOUBT, Outcome.IN_DOUBT, 'load_unknown')
        return self._end(Event.END, *((Outcome.DONE, 'measured') if happened
                                      else (Outcome.FAILED, 'not_happened')))

    def _end(self, event, outcome, reason=''):
        """Move on by an event and close the command."""
        phase = next_phase(self.phase, event)
        result = self._finish(outcome, reason)
        self.phase, self._settling_s = phase, None
        return result

    def _finish(self, outcome, reason=''):
        """Write down a command's outcome; return it."""
        self._write(Finished(self.command_seq, outcome, reason))
        self._answered[self.command_seq] = (outcome, reason)
        if len(self._answered) > _REMEMBERED:
            self._answered.popitem(last=False)
        return outcome, reason

    def _write(self, record):
        """Make a record safe, then let it count."""
        self._journal.write(record)
        self._state = self._state.after(record)

    def _ack(self, command, outcome, reason):
        """Return an acknowledgement."""
        return Ack(self.robot, self.boot_id, command.command_id, command.trace_id,
                   self._clock.term, command.seq, self.command_seq, outcome, reason)


def _happened(action: LoadAction, reading: LoadReading) -> Optional[bool]:
    """
    Return whether a pick or drop took place, by the load that is measured; None if that is open.

    A load on board is positive proof. An empty robot is proof only if the load was measured.
    """
    if action not in _ONCE:
        return False
    if reading.carrying:
        return action == LoadAction.PICK
    if isnan(reading.load_mass_kg):
        return None
    return action == LoadAction.DROP
