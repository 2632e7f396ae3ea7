# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The command line of `swarm map`: look at, check and import roadmaps."""

import argparse
from dataclasses import fields
import sys

from robot_swarm_orch.cli.arguments import a_count, a_positive
from robot_swarm_orch.errors import SiteError
from robot_swarm_orch.maps import report
from robot_swarm_orch.maps.checked import checked_site
from robot_swarm_orch.maps.drawing import KINDS, read_rule, Transform
from robot_swarm_orch.maps.importer import FORMATS, ImportOptions, read_mapping, written
from robot_swarm_orch.maps.picture import draw_mapping

_HELP = """\
Roadmaps. FILE is a site file, or anything that can be imported: a MovingAI grid (.map), a Nav2
occupancy grid (map.yaml), a nav2_route graph (.geojson), a LIF layout (.json). docs/site.md
explains the formats and what is checked."""


def add_map(verbs) -> None:
    """Add `swarm map`."""
    command = verbs.add_parser('map', help='look at, check and import roadmaps', description=_HELP,
                               formatter_class=argparse.RawDescriptionHelpFormatter)
    acts = command.add_subparsers(metavar='ACT', required=True)
    check = acts.add_parser('check', help='say what is on a map; status 1 if it is wrong')
    check.add_argument('--picture', default='', metavar='IMAGE',
                       help='draw it, what is wrong in red (a wrong map is drawn to '
                       'FILE.wrong.png in this folder anyway)')
    check.set_defaults(verb=_check)
    show = acts.add_parser('show', help='draw a map into an image file')
    show.add_argument('--out', default='map.png', metavar='IMAGE', help='(default: %(default)s)')
    show.set_defaults(verb=_show)
    take = acts.add_parser('import', help='make a site file of a map')
    take.add_argument('--out', default='', metavar='YAML',
                      help='the site file (default: standard output)')
    take.set_defaults(verb=_import)
    places = acts.add_parser('places', help='list the places that orders may name')
    places.set_defaults(verb=_places)
    for act in (check, show, places, take):
        _add_reading(act)


def _add_reading(act):
    """Add what says how a file is read."""
    chosen, add = ImportOptions(), act.add_argument
    add('file', metavar='FILE', help='the map')
    add('--format', choices=FORMATS, default='', help="(default: by the file's name and content)")
    add('--name', default='', metavar='NAME', help="of the site (default: the file's)")
    add('--footprint-radius', type=a_positive, default=chosen.footprint_radius, metavar='METRES',
        help='of the loaded robot (default: %(default)g)')
    add('--pose-error', type=a_positive, default=chosen.pose_error, metavar='METRES',
        help='that each robot vouches for (default: %(default)g)')
    add('--spacing', type=a_positive, default=0.0, metavar='METRES',
        help='between neighbouring nodes of a grid, the side of a cell of a .map '
        '(default: as near as two robots may stand)')
    add('--transform', type=_reader(Transform.parse), default=None,
        metavar='X,Y[,DEGREES[,SCALE]]',
        help="from the file's frame to the map frame: scaled, turned, shifted")
    add('--kind', type=_reader(read_rule), action='append', default=[], metavar='PATTERN=KIND',
        help='what nodes or stations whose names fit are for, such as dock_*=station; kinds: '
        f'{", ".join(KINDS)}; may be repeated, the first that fits counts')
    add('--scenario', default='', metavar='SCEN', help='of a MovingAI map: starts become parking, '
        'goals storage and stations in turns')
    add('--robots', type=a_count, default=0, metavar='N', help='only the first N of the scenario')
    add('--layout', default='', metavar='ID', help='of a LIF file with several layouts')


def _reader(parse):
    """Return a reader of an argument that tells argparse what was wrong."""
    def read(text):
        try:
            return parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f'{text!r}: {error}') from error
    return read


def _mapping(options):
    """Return (mapping, remarks) of the file that the options name."""
    return read_mapping(options.file, ImportOptions(
        **{item.name: getattr(options, item.name) for item in fields(ImportOptions)}))


def _checked(options, mapping):
    """Return the site of a mapping; draws and names what is wrong, and raises SiteError."""
    return checked_site(mapping, options.file, getattr(options, 'picture', ''))


def _check(options) -> int:
    mapping, remarks = _mapping(options)
    try:
        site = _checked(options, mapping)
    except SiteError as error:
        print(f'swarm: {error}', file=sys.stderr)
        return 1
    print('\n'.join(report.facts(site)))
    for text in (*remarks, *report.hints(site)):
        print(f'hint: {text}')
    if options.picture:
        _draw(mapping, options.picture)
    return 0


def _draw(mapping, path):
    draw_mapping(mapping, path)
    print(f'drawn in {path}')


def _show(options) -> int:
    mapping, _ = _mapping(options)
    _checked(options, mapping)
    _draw(mapping, options.out)
    return 0


def _places(options) -> int:
    mapping, _ = _mapping(options)
    site = _checked(options, mapping)
    width = max(map(len, site.places), default=0)
    for name, place in sorted(site.places.items(), key=lambda item: (item[1].kind, item[0])):
        x_m, y_m = site.xy[place.node]
        print(f'{name:{width}}  {place.kind.name.lower():8}  x {x_m:8.2f}  y {y_m:8.2f}  '
              f'node {site.node_names[place.node]}')
    return 0


def _import(options) -> int:
    mapping, remarks = _mapping(options)
    _checked(options, mapping)
    text = written(mapping, options.file, remarks)
    if not options.out:
        sys.stdout.write(text)
        return 0
    with open(options.out, 'w', encoding='utf-8') as file:
        file.write(text)
    for remark in remarks:
        print(f'note: {remark}')
    print(f'{options.out}: {len(mapping["nodes"])} nodes, {len(mapping["edges"])} streets, '
          f'{len(mapping["places"])} places')
    return 0
