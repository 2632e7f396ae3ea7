# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The command line of `swarm gateway` and `swarm token`: serve a fleet over HTTP, and to whom."""

import json
from pathlib import Path
import tempfile
import time

from robot_swarm_orch.bringup import default_site_file, FleetPlan, processes, write_parameters
from robot_swarm_orch.cli.arguments import a_positive
from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.gateway.settings import GatewayConfig, ROLES

_ALGORITHMS = ('EdDSA', 'ES256', 'HS256')


def add_gateway(verbs) -> None:
    """Add `swarm gateway`."""
    chosen = GatewayConfig()
    command = verbs.add_parser(
        'gateway', help='serve a running fleet over HTTP',
        description='Serve a running fleet over HTTP until Ctrl-C; docs/gateway.md. Without '
        '--keys it serves this machine only. The same as gateway.launch.py.')
    add = command.add_argument
    add('--site-file', default='', metavar='YAML', help='site of the fleet (default: the demo '
        'warehouse)')
    add('--site', default='', metavar='ID', help='site id (default: the name in the site file)')
    add('--address', default=chosen.address, help='address to listen on (default: %(default)s)')
    add('--port', type=int, default=chosen.port, help='port to listen on (default: %(default)s)')
    add('--keys', default='', metavar='FILE', help='keys of those whose tokens count, made by '
        '`swarm token key`')
    add('--params-file', default='', metavar='YAML', help='more parameters, as '
        'config/gateway.yaml has them')
    command.set_defaults(verb=_gateway)


def _gateway(options) -> int:
    """Run a gateway in this process."""
    from robot_swarm_orch.nodes.gateway_node import GatewayNode
    from robot_swarm_orch.nodes.lifecycle import run
    plan = FleetPlan(
        site_file=str(Path(options.site_file or default_site_file()).resolve()), data_dir='',
        coordinators=(), site_id=options.site, gateway=True,
        gateway_files=(options.params_file,) if options.params_file else (),
        gateway_parameters={'address': options.address, 'port': options.port,
                            'keys_file': options.keys})
    spec, = processes(plan)
    with tempfile.TemporaryDirectory() as folder:
        arguments = spec.arguments(write_parameters(spec, Path(folder)))
        return run(GatewayNode, ['gateway', *arguments])


def add_token(verbs) -> None:
    """Add `swarm token` and its acts."""
    command = verbs.add_parser(
        'token', help='make keys of a gateway, and give tokens out',
        description='Make keys of a gateway, and give out tokens that are good for a short time. '
        'docs/gateway.md.')
    acts = command.add_subparsers(metavar='ACT', required=True)
    key = acts.add_parser(
        'key', help='make a key',
        description='Make a key: write its private part to KID.private.json, and add what the '
        'gateway needs to the key set that its keys_file names.')
    key.add_argument('kid', metavar='KID', help='name of the key, such as wms-2026')
    key.add_argument('--alg', choices=_ALGORITHMS, default='EdDSA',
                     help='how it signs (default: %(default)s); HS256 is a shared secret')
    key.add_argument('--keys', default='gateway_keys.json', metavar='FILE',
                     help='the key set (default: %(default)s)')
    key.add_argument('--dir', default='.', metavar='DIR', help='where the private part goes, a '
                     'place that only the issuer of tokens reads (default: here)')
    key.set_defaults(verb=_make_key)
    give = acts.add_parser('issue', help='give a token out', description='Print a token.')
    give.add_argument('key', metavar='KEYFILE', help='private part of the key')
    give.add_argument('--for', dest='subject', required=True, metavar='NAME',
                      help='who gets it; orders and acts carry this name')
    give.add_argument('--role', choices=ROLES, default='viewer',
                      help='what it allows (default: %(default)s)')
    give.add_argument('--site', default='warehouse', metavar='ID',
                      help='site id, the audience (default: %(default)s)')
    give.add_argument('--issuer', default='swarm', metavar='NAME',
                      help="as the gateway's parameter says (default: %(default)s)")
    give.add_argument('--life', type=a_positive, default=900.0, metavar='SECONDS',
                      help='how long it is good (default: %(default)g)')
    give.set_defaults(verb=_issue)


def _make_key(options) -> int:
    from robot_swarm_orch.gateway.keys import add_to_set, make_key, write_private
    private = Path(options.dir) / f'{options.kid}.private.json'
    if private.exists():
        raise ConfigError(f'{private} is there already: choose another KID, or take it away')
    key = make_key(options.kid, options.alg)
    add_to_set(Path(options.keys), key)
    write_private(private, key)
    print(f'{private}: private, for `swarm token issue`; whoever reads it can give out tokens\n'
          f'{options.keys}: for the gateway, keys_file')
    return 0


def _issue(options) -> int:
    from robot_swarm_orch.gateway.tokens import issue
    try:
        key = json.loads(Path(options.key).read_text(encoding='utf-8'))
        known = key['alg'] in _ALGORITHMS and ('d' in key or key['alg'] == 'HS256') and key['kid']
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(f'{options.key} is no key that `swarm token key` made: '
                          f'{error!r}') from error
    if not known:
        raise ConfigError(f'{options.key} is no private key: name the file KID.private.json')
    print(issue(key, options.subject, options.role, options.issuer, options.site, options.life,
                time.time()))
    return 0
