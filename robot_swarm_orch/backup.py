# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
From a copy of a coordinator's data directory to that of a new group: `swarm coordinators restore`.

What the copy means is the business of `coordinator/restore.py`; here are the files.
"""

from pathlib import Path
import shutil
import tempfile

from robot_swarm_orch.config import check
from robot_swarm_orch.coordinator.chronicle_file import NAME as CHRONICLE
from robot_swarm_orch.coordinator.restore import Restored, restored
from robot_swarm_orch.raft import FileStore


def restore(backup: str, data_dir: str, site_id: str, cluster_id: str, node_id: str,
            voters: tuple) -> int:
    """
    Write a founder's data directory, and say what there is to do; return the exit status.

    Raises ConfigError for what does not fit together, StorageError for a damaged backup.
    """
    source, target = Path(backup), Path(data_dir)
    check(source.is_dir() and any(source.glob('segment-*')),
          f'{source} is no copy of a data_dir: it holds no segment-*.log')
    check(not target.exists() or target.is_dir() and not any(target.iterdir()),
          f'{target} is not empty: nothing is written over. Move it away first')
    check(node_id in voters, f'--node {node_id} is not among --voters {",".join(voters)}')
    check(len(set(voters)) == len(voters), f'--voters {",".join(voters)} names one twice')
    result = _read(source, voters)
    store = FileStore(target, f'{site_id}/{cluster_id}/{node_id}')
    try:
        store.save(result.hard_state, (), result.snapshot)
    finally:
        store.close()
    print('\n'.join(_lines(result, target, cluster_id, node_id, voters)))
    return 0


def _read(source: Path, voters: tuple) -> Restored:
    """Return the restored memory; a copy is read, since opening a log may mend its end."""
    with tempfile.TemporaryDirectory(prefix='swarm-restore-') as folder:
        copy = Path(folder) / 'copy'
        shutil.copytree(source, copy, ignore=shutil.ignore_patterns(f'{CHRONICLE}*'))
        store = FileStore(copy)
        try:
            return restored(*store.load(), voters)
        finally:
            store.close()


def _lines(result: Restored, target, cluster_id, node_id, voters) -> list:
    """Return what was written and what a person has to do next."""
    def named(names):
        return ', '.join(names) or 'none'
    return [
        f'{target}: first memory of {node_id}, cluster_id {cluster_id}, voters '
        f'{",".join(voters)}, up to entry {result.snapshot.index} of the backup',
        f'robots to enrol where they stand: {named(result.robots)}',
        f'orders in doubt, for a person to settle: {named(result.in_doubt)}',
        f'orders that FAILED, since they may have been done: {named(result.given_up)}']
