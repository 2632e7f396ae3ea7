# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""A mapping made a site; one that is refused is drawn, with what is wrong in red rings."""

from pathlib import Path

from robot_swarm_orch.errors import SiteError
from robot_swarm_orch.maps.picture import draw_mapping
from robot_swarm_orch.site import load_site, Site


def checked_site(mapping: dict, path, picture='') -> Site:
    """
    Return the site of a mapping that was read from the file `path`.

    Raises SiteError that names the file and the offending nodes, and says where it is drawn: in
    `picture`, or in FILE.wrong.png in the working folder.
    """
    try:
        return load_site(mapping)
    except SiteError as error:
        drawn = _drawn(mapping, picture or f'{Path(path).name}.wrong.png', error)
        raise SiteError(f'{path}: {error}{drawn}', error.nodes) from error


def _drawn(mapping, picture, error) -> str:
    """Draw what a refusal names, if it names nodes; return a sentence that says where."""
    if not error.nodes:
        return ''
    try:
        draw_mapping(mapping, picture, error.nodes, str(error)[:100])
    except (ImportError, OSError) as why_not:
        return f'. It could not be drawn in {picture}: {why_not}'
    return f'. Drawn in {picture}'
