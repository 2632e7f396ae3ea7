# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
Coordinators: a group of replicas that agree on one log of facts, and the leader that writes it.

Reading order: `events.py` (what the log holds), `keeper.py` (who owns which node: the safety
core), `saga.py` (what becomes of an order), `fleet_state.py` with `records.py` (the fold of the
log; orders in `order_book.py` and `order_acts.py`, commands in `commands.py`, storage places in
`slots.py`), `replica.py` (the flow of one coordinator, top to bottom), `leader.py` (what only the
leader does), and its tools: `reports.py` (who is heard, joins, is fenced or lost), `traffic.py`
(who gets which node), `allocation.py` (who gets which order), `intake.py` (which orders are
refused), `operating.py` (what people may do), `drop_places.py` (where loads can go),
`dispatcher.py` (when commands go out).

Beside that flow stands the event log: `notes.py` (what a replica notes as it applies an entry),
`chronicle.py` (what people read; written by `chronicle_writer.py`), `replay.py` (the state as it
was at an index).

Nothing here knows ROS, threads or clocks. Every replica runs the files up to `replica.py`; the
rest is the leader's, and nothing of it has to survive.
"""
