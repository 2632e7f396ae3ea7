# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
How a running fleet is looked into: metrics for Prometheus, log lines, and the judgement of health.

`families` says which of our figures is which Prometheus metric, `exporter` serves them over HTTP,
`event_log` writes log lines, `trail` turns orders, commands and answers into such lines, and
`health` says OK, WARN, ERROR or STALE. Nothing here imports ROS, and nothing here works on the
path of a tick: figures are read when somebody scrapes, lines are written by a thread of their own.
"""
