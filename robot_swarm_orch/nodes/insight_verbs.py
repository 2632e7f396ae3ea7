# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The ROS side of `swarm why`, `doctor` and `top`: listen, then let `insight` speak."""

import contextlib
import json
import os
import re
import select
import shutil
import sys
import time

import rclpy
from rclpy.node import Node
from rclpy.parameter_client import AsyncParameterClient
from rclpy.signals import SignalHandlerOptions
from robot_swarm_orch.bringup import default_site_file
from robot_swarm_orch.errors import SwarmError
from robot_swarm_orch.insight import doctor, top
from robot_swarm_orch.insight.machine import DOMAINS, read_machine
from robot_swarm_orch.insight.orders import explain_order, unknown_subject
from robot_swarm_orch.insight.why import Answer, explain
from robot_swarm_orch.nodes.fleet_client import FleetClient, NoAnswer
from robot_swarm_orch.nodes.lookout import Lookout
from robot_swarm_orch.site import load_site

# How long robots' limiters get to answer, and how often the chain may grow by them.
_LIMITERS_S, _ROUNDS = 1.5, 5
_ELSEWHERE_S = 1.5
# Within this time each process has told its health, and two programs of one name their reports.
_HEALTH_S, _TWINS_S = 2.2, 0.8
_SETTINGS = ('queue_bound', 'data_dir')
_SITE_TOPIC = re.compile(r'/fleet/([A-Za-z0-9_]+)/(?:lease|robot_report)').fullmatch


def known_site(path: str):
    """Return the site of a file, or the demo's if none is given; None where that is not there."""
    if path:
        return load_site(path)
    with contextlib.suppress(SwarmError, FileNotFoundError):
        return load_site(default_site_file())
    return None


def explain_subject(client: FleetClient, options) -> int:
    """Print why a robot or an order does not get on; 1 for one that nobody knows."""
    lookout = Lookout(client.node, client.site_id, known_site(options.site_file))
    _listen(lookout, options.timeout, _TWINS_S)
    picture = lookout.picture()
    _check_heard(picture, options)
    answer = _answer(lookout, options)
    for _ in range(_ROUNDS):
        if not lookout.follow(answer.unheard):
            break
        lookout.listen(_LIMITERS_S, lambda: lookout.has_heard(answer.unheard))
        answer = _explained(lookout, answer)
    print(json.dumps(answer.to_plain(), indent=2) if options.json else answer.text)
    return 1 if answer.causes[0].kind == 'unknown' else 0


def _check_heard(picture, options) -> None:
    """Raise NoAnswer unless something of the fleet was heard."""
    if not picture.is_heard:
        raise NoAnswer(
            f'nothing of site {picture.site_id} was heard on ROS domain {picture.domain} within '
            f'{options.timeout:g} s; ask `swarm doctor`')


def _listen(lookout, for_s, at_least_s) -> None:
    """Hear the fleet until all of it was heard, for so long at least."""
    lookout.listen(for_s, lambda: lookout.is_complete() and lookout.listens_s() >= at_least_s)


def _answer(lookout, options) -> Answer:
    """Return the first answer: about the robot of this name, else about the order."""
    subject, picture = options.subject, lookout.picture()
    if picture.is_known(subject) and not options.order:
        lookout.follow([subject])
        lookout.listen(_LIMITERS_S, lambda: lookout.has_heard([subject]))
        return explain(lookout.picture(), subject)
    lookout.ask(subject, options.timeout)
    picture = lookout.picture()
    answer = explain_order(picture, subject)
    if answer.causes[0].kind == 'unknown' and not options.order:
        return unknown_subject(picture, subject)
    return answer


def _explained(lookout, answer) -> Answer:
    """Return an answer anew, after more was heard."""
    picture = lookout.picture()
    if answer.subject in picture.statuses:
        return explain_order(picture, answer.subject)
    return explain(picture, answer.subject)


# -- doctor --------------------------------------------------------------------------------------

def examine(client: FleetClient, options) -> int:
    """Print what is wrong with this machine, domain and fleet; 1 when anything is."""
    lookout = Lookout(client.node, client.site_id, known_site(options.site_file))
    lookout.listen(options.timeout)
    picture = lookout.picture()
    settings = _settings(client, picture)
    machine = read_machine(picture.domain, options.data or settings.get('data_dir') or '.')
    facts = doctor.Facts(
        machine, picture, settings, tuple(sites_on(client.node)),
        {} if picture.is_heard else elsewhere(picture.domain, machine.participants))
    results = doctor.examine(facts)
    print(json.dumps(doctor.to_plain(results), indent=2) if options.json
          else '\n'.join(doctor.lines(results)))
    return 1 if any(results.values()) else 0


def _settings(client, picture) -> dict:
    """Return parameters of a coordinator that answers; {} if none does."""
    names = [(name, namespace) for name, namespace in client.node.get_node_names_and_namespaces()
             if name in {f'coordinator_{node_id}' for node_id in picture.alive}]
    for name, namespace in sorted(names)[:2]:
        asked = AsyncParameterClient(client.node, f'{namespace.rstrip("/")}/{name}')
        if client.wait(1.0, asked.services_are_ready):
            future = asked.get_parameters(list(_SETTINGS))
            if client.wait(1.0, future.done):
                values = future.result().values
                return {'queue_bound': values[0].integer_value or doctor.QUEUE_BOUND,
                        'data_dir': _folder_here(values[1].string_value)}
    return {}


def _folder_here(path: str) -> str:
    """Return the path if it is a folder of this machine."""
    return path if path and os.path.isdir(path) else ''


def sites_on(node) -> list:
    """Return the ids of the sites that have topics on a node's domain."""
    found = (_SITE_TOPIC(name) for name, _ in node.get_topic_names_and_types()
             if node.count_publishers(name))
    return sorted({match[1] for match in found if match})


def elsewhere(domain: int, participants) -> dict:
    """
    Return the sites on other domains, by domain.

    Looked at are the domains that processes of this machine use, those that the environment names,
    and the two neighbours.
    """
    named = [os.environ.get(name, '') for name in ('ROS_DOMAIN_ID', 'SWARM_DOMAIN_ID')]
    wanted = {*participants, domain - 1, domain + 1, 0,
              *(int(text) for text in named if text.isdigit())}
    chosen = sorted(number for number in wanted if 0 <= number <= DOMAINS and number != domain)
    with contextlib.ExitStack() as stack:
        nodes = {number: stack.enter_context(_guest(number)) for number in chosen}
        time.sleep(_ELSEWHERE_S)
        found = {number: tuple(sites_on(node)) for number, node in nodes.items()}
    return {number: sites for number, sites in found.items() if sites}


@contextlib.contextmanager
def _guest(domain):
    """Give a node on another domain for a moment."""
    context = rclpy.Context()
    rclpy.init(context=context, domain_id=domain, signal_handler_options=SignalHandlerOptions.NO)
    node = Node('swarm_doctor', context=context, enable_rosout=False,
                start_parameter_services=False)
    try:
        yield node
    finally:
        node.destroy_node()
        rclpy.try_shutdown(context=context)


# -- top -----------------------------------------------------------------------------------------

_ALTERNATE, _BACK, _HOME, _CLEAR_LINE, _CLEAR_BELOW, _BOLD, _PLAIN = (
    '\x1b[?1049h\x1b[?25l', '\x1b[?25h\x1b[?1049l', '\x1b[H', '\x1b[K', '\x1b[J', '\x1b[1m',
    '\x1b[0m')


def show_top(client: FleetClient, options) -> int:
    """Print the table once, or keep it on the screen until q or Ctrl-C."""
    lookout = Lookout(client.node, client.site_id, known_site(options.site_file), presence=False)
    _listen(lookout, max(_HEALTH_S, options.timeout), _HEALTH_S)
    if options.json or options.once:
        lookout.follow(top.worth_a_word(lookout.picture()))
        lookout.listen(_LIMITERS_S / 2)
        _check_heard(lookout.picture(), options)
    if options.json:
        print(json.dumps(top.to_plain(lookout.picture()), indent=2))
        return 0
    if options.once or not sys.stdout.isatty():
        width = shutil.get_terminal_size((120, 0)).columns if sys.stdout.isatty() else 1000
        print('\n'.join(top.page(lookout.picture(), width)))
        return 0
    with _screen():
        ended = False
        while not ended:
            size = shutil.get_terminal_size()
            lines = top.page(lookout.picture(), size.columns, size.lines)
            body = ''.join(f'{line}{_CLEAR_LINE}\r\n' for line in lines[1:-1])
            sys.stdout.write(f'{_HOME}{_BOLD}{lines[0]}{_PLAIN}{_CLEAR_LINE}\r\n{body}'
                             f'{lines[-1]}{_CLEAR_LINE}{_CLEAR_BELOW}')
            sys.stdout.flush()
            ended = _asked_to_end(lookout, options.interval)
            lookout.follow(top.worth_a_word(lookout.picture()))
    return 0


@contextlib.contextmanager
def _screen():
    """Take the terminal over: another screen, no echo, keys one by one; and give it back."""
    import termios
    import tty
    keys = sys.stdin.fileno() if sys.stdin.isatty() else None
    before = None if keys is None else termios.tcgetattr(keys)
    sys.stdout.write(_ALTERNATE)
    try:
        if keys is not None:
            tty.setcbreak(keys)
        yield
    finally:
        if keys is not None:
            termios.tcsetattr(keys, termios.TCSADRAIN, before)
        sys.stdout.write(_BACK)
        sys.stdout.flush()


def _asked_to_end(lookout, for_s) -> bool:
    """Hear the fleet for a while; return whether q was pressed meanwhile."""
    def pressed():
        if not sys.stdin.isatty() or not select.select([sys.stdin], [], [], 0.0)[0]:
            return False
        return sys.stdin.read(1) in 'qQ'
    return lookout.listen(for_s, pressed)
