# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""What `swarm bench orders --memory` and `--snapshots` say, on small sizes."""

import json

from robot_swarm_orch.bench import snapshot_pause
from robot_swarm_orch.cli import main


def test_memory_tells_what_finished_orders_cost(capsys):
    assert main(['bench', 'orders', '--memory', '50', '--json']) == 0
    report = json.loads(capsys.readouterr().out)
    assert report['orders'] == 50 and report['rows'][-1]['remembered'] == 50


def test_snapshots_tells_the_longest_pause_of_each_size(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(snapshot_pause, '_ENTRIES', 250)
    assert snapshot_pause.run_bench(snapshot_pause.SnapshotBenchOptions(
        (600,), 1, str(tmp_path)), True) == 0
    row, = json.loads(capsys.readouterr().out)
    assert row['orders'] == 600 and row['polls'] > 4 and 0.0 < row['pause_ms']
