# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""The example that makes sites of many short trips."""

from pathlib import Path
import subprocess
import sys

from robot_swarm_orch.sim.orders import OrderStream
from robot_swarm_orch.site import load_site

EXAMPLE = Path(__file__).resolve().parents[2] / 'examples' / 'short_trips_site.py'


def example(*arguments):
    """Run the example and return the finished process."""
    return subprocess.run([sys.executable, str(EXAMPLE), *arguments], capture_output=True,
                          text=True, check=False)


def test_each_cell_has_room_for_a_robot_and_orders_of_its_own(tmp_path):
    path = tmp_path / 'site.yaml'
    path.write_text(example('--cells', '5').stdout)
    site = load_site(path)
    assert len({node for _, node in site.place_robots(5)}) == 5
    assert site.bridges == site.stubs == ()
    orders = OrderStream(site, 1, 10, trip_m=2.0).refill(0)
    for order in orders:
        assert order.pick.removeprefix('storage') == order.drop.removeprefix('station')
        pick, drop = (site.places[name].node for name in (order.pick, order.drop))
        assert drop in site.successors[pick] and pick in site.successors[drop]
    assert len({order.pick for order in orders[:5]}) == 5


def test_a_site_without_cells_is_refused_in_words():
    done = example('--cells', '0')
    assert done.returncode == 2 and 'at least one' in done.stderr
