# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
What others build on: names, types, QoS and parameters of a small running fleet, as plain values.

`python3 test/interfaces/interface_snapshot.py` writes them to interfaces.yaml beside this file.
"""

from dataclasses import replace
import os
from pathlib import Path
import re
import sys
import tempfile

from rcl_interfaces.srv import DescribeParameters, GetParameters, ListParameters
from rclpy.parameter import Parameter, parameter_value_to_python
from robot_swarm_orch import bringup
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'nodes'))
from fleet_rig import Fleet, Watcher  # noqa: E402,I100

ROOT = Path(__file__).resolve().parents[2]
SNAPSHOT = Path(__file__).with_name('interfaces.yaml')
OURS = 'robot_swarm_orch'
HOSTS = ('/coordinator_c1', '/edge', '/r101/edge', '/sim', '/viz')
GIVEN = '(given by the test)'
# What every ROS node has, and not every release the same.
OF_ROS = re.compile(r'/rosout|/parameter_events|.*/(get|set|list|describe)_parameters?(_types|'
                    r'_atomically)?|.*/get_type_description')
PARAMETERS_OF_ROS = ('start_type_description_service', 'use_sim_time')
HEAD = """\
# Interfaces of a small running fleet: a coordinator, a simulated robot (r001), the drawing, and an
# edge node as on a robot of its own (r101). test_interfaces.py compares them with what runs. When
# a change is meant, write this file anew: python3 test/interfaces/interface_snapshot.py
# and say so in CHANGELOG.rst. A changed message type calls for an update of the whole fleet at
# once.
"""


class SmallFleet(Fleet):
    """A simulated robot with coordinator and drawing, and an edge node as on a real robot."""

    def __init__(self, folder: Path):
        """Prepare both; nothing runs yet."""
        super().__init__(folder, robots=1)
        self.plan = replace(self.plan, viz=True)
        self.robot_plan = bringup.FleetPlan(
            site_file=self.plan.site_file, data_dir=str(folder), robots=('r101',),
            coordinators=(), edge_parameters={'pose_source': 'pose'})

    def specs(self):
        """Return every process."""
        return (*bringup.processes(self.plan), *bringup.processes(self.robot_plan))

    def start(self):
        """Start every process."""
        for spec in self.specs():
            self.run(spec.name, spec.executable, spec.arguments(
                bringup.write_parameters(spec, self.folder)))

    def given(self):
        """Return the parameters that are set, by node: their values are no defaults."""
        return {f'{spec.namespace.rstrip("/")}/{spec.node_name}': set(spec.parameters)
                for spec in self.specs()}


def capture() -> dict:
    """Run the fleet and return its interfaces."""
    with tempfile.TemporaryDirectory() as folder:
        fleet = SmallFleet(Path(folder))
        watcher = Watcher(fleet)
        try:
            fleet.start()
            graph = settled_graph(watcher)
            given = fleet.given()
            parameters = {host: parameters_of(watcher, host, given[host]) for host in HOSTS}
        finally:
            watcher.close()
            fleet.close()
    return {**graph, 'parameters': parameters, 'types': definitions()}


def settled_graph(watcher) -> dict:
    """Return the graph once it has all hosts and looks the same three times, 1 s apart."""
    seen = []

    def look():
        seen.append(graph_of(watcher.node))

    def settled():
        return (len(seen) >= 3 and seen[-1] == seen[-2] == seen[-3]
                and set(HOSTS) <= set(seen[-1]['nodes'])
                and {'/coordinator_c1', '/edge', '/sim'} <= set(watcher.health))
    watcher.until(settled, 'the graph is complete and at rest', again=look)
    return seen[-1]


def graph_of(node) -> dict:
    """Return nodes, topics and services as a node sees them, itself left out."""
    own = node.get_fully_qualified_name()
    nodes = sorted({full_name(*pair) for pair in node.get_node_names_and_namespaces()} - {own})
    topics = {}
    for name, types in sorted(node.get_topic_names_and_types()):
        ends = {'publishers': node.get_publishers_info_by_topic(name),
                'subscriptions': node.get_subscriptions_info_by_topic(name)}
        ends = {kind: {full_name(info.node_name, info.node_namespace): qos_of(info.qos_profile)
                       for info in infos
                       if full_name(info.node_name, info.node_namespace) != own}
                for kind, infos in ends.items()}
        if any(ends.values()) and not OF_ROS.fullmatch(name):
            topics[name] = {'type': ', '.join(types),
                            **{kind: dict(sorted(held.items())) for kind, held in ends.items()
                               if held}}
    services = {name: ', '.join(types)
                for name, types in sorted(node.get_service_names_and_types())
                if not OF_ROS.fullmatch(name)}
    return {'nodes': nodes, 'topics': topics, 'services': services}


def full_name(name: str, namespace: str) -> str:
    """Return a node's full name."""
    return f'{namespace.rstrip("/")}/{name}'


def qos_of(profile) -> str:
    """Return what discovery tells of a profile; depths are among the parameters."""
    return f'{profile.reliability.name}, {profile.durability.name}'.lower().replace('_', ' ')


def parameters_of(watcher, host: str, given: set) -> dict:
    """Return the parameters of a node: type, value, range, and whether they may change."""
    names = sorted(watcher.call(ListParameters, f'{host}/list_parameters',
                                ListParameters.Request()).result.names)
    names = [name for name in names if name not in PARAMETERS_OF_ROS]
    described = watcher.call(DescribeParameters, f'{host}/describe_parameters',
                             DescribeParameters.Request(names=names)).descriptors
    values = watcher.call(GetParameters, f'{host}/get_parameters',
                          GetParameters.Request(names=names)).values
    return {name: parameter_line(item, parameter_value_to_python(value), name in given)
            for name, item, value in zip(names, described, values)}


def parameter_line(item, value, given: bool) -> str:
    """Return one parameter in one line."""
    words = [Parameter.Type(item.type).name.lower(), GIVEN if given else f'default {value!r}']
    for span in (*item.floating_point_range, *item.integer_range):
        words.append(f'{span.from_value} to {span.to_value}')
    words.append('read-only' if item.read_only else 'may change')
    return ', '.join(words)


def definitions() -> dict:
    """Return our message and service types: their lines without comments."""
    result = {}
    for path in sorted([*ROOT.glob('msg/*.msg'), *ROOT.glob('srv/*.srv')]):
        lines = (' '.join(line.partition('#')[0].split())
                 for line in path.read_text(encoding='utf-8').splitlines())
        result[f'{OURS}/{path.parent.name}/{path.stem}'] = [line for line in lines if line]
    return result


def differences(before, after, path: str = '') -> list:
    """Return one line for each value that differs between two nested plain values."""
    if isinstance(before, dict) and isinstance(after, dict):
        return [line for key in sorted(before.keys() | after.keys())
                for line in differences(before.get(key), after.get(key), f'{path} {key}'.strip())]
    if before == after:
        return []
    if isinstance(before, list) and isinstance(after, list):
        gone = [item for item in before if item not in after]
        new = [item for item in after if item not in before]
        if gone or new:
            return [*(f'{path}: gone: {item}' for item in gone),
                    *(f'{path}: new: {item}' for item in new)]
        return [f'{path}: the order changed']
    if before is None:
        return [f'{path}: new: {_brief(after)}']
    if after is None:
        return [f'{path}: gone: {_brief(before)}']
    return [f'{path}: was {before}; is {after}']


def _brief(value) -> str:
    """Return a value as text, a large one by its size."""
    large = isinstance(value, (dict, list)) and len(value) > 3
    return f'{len(value)} entries' if large else str(value)


def main() -> None:
    """Write the snapshot."""
    text = yaml.safe_dump(capture(), sort_keys=False, width=96, default_flow_style=False)
    SNAPSHOT.write_text(HEAD + text, encoding='utf-8')
    print(f'wrote {os.path.relpath(SNAPSHOT)}')


if __name__ == '__main__':
    main()
