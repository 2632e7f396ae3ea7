# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""A simulated payload device: picks, drops, docks, charges, inspects, one action at a time."""

from robot_swarm_orch.types import LoadAction, LoadReading, LoadRequest, LoadStatus


class PayloadDevice:
    """The device of one robot; it survives the robot's edge process, as real hardware does."""

    def __init__(self, world, robot: int):
        """Belong to robot index `robot` of a `World`."""
        self._world = world
        self._robot = robot
        self._request = None
        self._seen = set()
        self._status = LoadStatus.IDLE
        self._reason = ''
        self._done_s = 0.0
        self._charged_s = 0.0
        self._carrying = False
        self._mass_kg = 0.0
        self._load_id = ''

    def request(self, request: LoadRequest) -> None:
        """Start an action, or cancel the running one; a known `action_id` changes nothing."""
        if request.action == LoadAction.CANCEL:
            if self._status == LoadStatus.RUNNING:
                self._status, self._reason = LoadStatus.CANCELLED, 'cancelled'
            return
        if request.action_id in self._seen or self._status == LoadStatus.RUNNING:
            return
        self._seen.add(request.action_id)
        self._request = request
        self._reason = self._obstacle(request)
        if self._reason:
            self._status = LoadStatus.FAILED
            return
        options, truth = self._world.options, self._world.truth
        self._status = LoadStatus.RUNNING
        seconds = {LoadAction.PICK: options.pick_s, LoadAction.DROP: options.drop_s,
                   LoadAction.DOCK: options.dock_s,
                   LoadAction.INSPECT: options.inspect_s}.get(request.action, float('inf'))
        self._done_s = self._world.time_s + seconds
        self._charged_s = self._world.time_s
        counts = {LoadAction.PICK: truth.picks, LoadAction.DROP: truth.drops}.get(request.action)
        if counts is not None:
            counts[request.order_id] = counts.get(request.order_id, 0) + 1
            self._note(f'{request.action.name.lower()}_started')

    def _note(self, kind):
        """Tell the judges."""
        request = self._request
        self._world.note(kind, self._robot, order=request.order_id, place=request.place,
                         action=request.action_id)

    def _obstacle(self, request):
        """Return why an action cannot start, '' if it can."""
        if request.place and not self._world.at_place(self._robot, request.place):
            return f'not at {request.place}'
        if request.action == LoadAction.PICK and self._carrying:
            return 'already carrying a load'
        if request.action == LoadAction.DROP and not self._carrying:
            return 'no load to drop'
        return ''

    def advance(self, now_s: float) -> None:
        """Go on with the running action."""
        if self._status != LoadStatus.RUNNING:
            return
        action = self._request.action
        if action == LoadAction.CHARGE:
            if self._world.charge(self._robot, now_s - self._charged_s):
                self._status = LoadStatus.DONE
            self._charged_s = now_s
        elif now_s >= self._done_s - 1e-9:
            self._status = LoadStatus.DONE
            if action == LoadAction.PICK:
                self._carrying, self._mass_kg = True, self._world.random_mass_kg()
                self._load_id = self._request.order_id
                self._note('pick')
            elif action == LoadAction.DROP:
                self._carrying, self._mass_kg, self._load_id = False, 0.0, ''
                self._note('drop')
            elif action == LoadAction.INSPECT:
                self._note('inspect')

    @property
    def mass_kg(self) -> float:
        """Return what is aboard [kg]."""
        return self._mass_kg

    def reading(self) -> LoadReading:
        """Return what the device says now."""
        action_id = self._request.action_id if self._request else ''
        return LoadReading(action_id, self._status, self._carrying, self._mass_kg, self._load_id,
                           self._reason)
