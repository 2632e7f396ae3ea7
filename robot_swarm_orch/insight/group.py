# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The group of coordinators in a table: who leads, who votes, who lags, who is silent.

It is made of the words that coordinators tell once a second (`coordinator/group.py: group_word`).
The leader of the newest term says who belongs to the group and when it last heard each; role, term
and indices are what each one says itself.
"""

import json
from typing import Dict, List, Optional

_HEAD = ('coordinator', 'part', 'role', 'term', 'commit', 'applied', 'lag', 'last contact')
_WIDTHS = (13, 9, 15, 7, 10, 10, 7, 0)
_NUMBERS = ('term', 'commit_index', 'applied_index')


def read_word(text: str) -> Optional[dict]:
    """Return the word behind its JSON; None for what is none."""
    try:
        word = json.loads(text)
    except ValueError:
        return None
    fits = (isinstance(word, dict) and isinstance(word.get('node_id'), str)
            and all(type(word.get(name)) is int for name in (*_NUMBERS, 'last_index'))
            and all(isinstance(word.get(name), list) for name in ('voters', 'learners'))
            and isinstance(word.get('peers'), dict))
    return word if fits else None


def leader_of(words: Dict[str, dict]) -> Optional[dict]:
    """Return the word of whoever leads in the newest term, None if nobody says that it leads."""
    leaders = [word for word in words.values() if word['role'] == 'leader']
    newest = max((word['term'] for word in words.values()), default=0)
    return next((word for word in leaders if word['term'] == newest), None)


def is_complete(words: Dict[str, dict]) -> bool:
    """Return whether the leader and all members have been heard."""
    leader = leader_of(words)
    return leader is not None and set(leader['voters'] + leader['learners']) <= set(words)


def group_rows(words: Dict[str, dict]) -> List[dict]:
    """Return a row for each coordinator that belongs to the group or speaks."""
    leader = leader_of(words)
    newest = leader or max(words.values(), key=lambda word: word['commit_index'])
    members = newest['voters'] + newest['learners']
    names = sorted(members) + sorted(set(words) - set(members))
    return [_row(name, words.get(name), newest, leader) for name in names]


def _row(name, word, newest, leader) -> dict:
    """Return what is known of one coordinator; None stands for what nobody knows."""
    part = ('voter' if name in newest['voters']
            else 'learner' if name in newest['learners'] else 'outside')
    row = {'coordinator': name, 'part': part, 'role': 'silent' if word is None else word['role'],
           **{key: None if word is None else word[key] for key in _NUMBERS},
           'lag': None, 'contact_s': None}
    if leader is None:
        return row
    peer = leader['peers'].get(name)
    if name == leader['node_id']:
        row['lag'] = 0
    elif peer is not None:
        row.update(lag=leader['last_index'] - peer['match_index'], contact_s=peer['contact_s'])
    if word is not None and word.get('amnesic'):
        row['role'] = 'catching up'
    return row


def group_lines(words: Dict[str, dict]) -> List[str]:
    """Return the table for people, its first line saying who leads and what may still fail."""
    rows = group_rows(words)
    leader = leader_of(words)
    voters = [row for row in rows if row['part'] == 'voter']
    heard = sum(row['role'] != 'silent' for row in voters)
    needed = len(voters) // 2 + 1
    spare = heard - needed
    head = (f'{leader["node_id"]} leads in term {leader["term"]}' if leader
            else 'NOBODY LEADS')
    head += f'; {heard} of {len(voters)} voters answer, {needed} are needed: '
    head += ('consensus is lost' if spare < 0 else 'none may fail' if spare == 0
             else f'{spare} may fail')
    return [head, _cells(_HEAD), *(_cells((
        row['coordinator'], row['part'], row['role'], *(_shown(row[key]) for key in _NUMBERS),
        _shown(row['lag']), '-' if row['contact_s'] is None else f'{row["contact_s"]:.2f} s ago'))
        for row in rows)]


def _shown(value) -> str:
    return '-' if value is None else str(value)


def _cells(cells) -> str:
    return ''.join(f'{cell:<{width}}' for cell, width in zip(cells, _WIDTHS)).rstrip()
