# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The gateway node: the fleet over HTTP (`gateway/`), joined to DDS.

The main thread is ROS's: it says what the web thread queued, and hears the fleet (`Radio`). The
web thread has an event loop of its own (`gateway/server.py`). Any number of gateways serve one
fleet, and any of them any request: what must survive is in the coordinators' log.
"""

import sys
import time

from robot_swarm_orch.errors import ConfigError
from robot_swarm_orch.gateway.settings import GatewayConfig
from robot_swarm_orch.nodes.endpoints import quiet_node
from robot_swarm_orch.nodes.gateway_radio import Radio
from robot_swarm_orch.nodes.lifecycle import Host, run
from robot_swarm_orch.nodes.params import declare
from robot_swarm_orch.nodes.pulse import Pulse

REPORTS_PERIOD_S = 0.1


class GatewayNode(Host):
    """The lifecycle host of one gateway."""

    def __init__(self):
        """Declare and check parameters; raises ConfigError."""
        self._node = self._radio = self._server = self._desk = None
        super().__init__('gateway')
        self._config = declare(self, GatewayConfig)

    def build(self) -> None:
        """Open topics and the socket, and serve."""
        try:
            from robot_swarm_orch.gateway.app import Gateway
            from robot_swarm_orch.gateway.desk import Desk
            from robot_swarm_orch.gateway.server import WebServer
        except ImportError as error:
            raise ConfigError('the gateway needs FastAPI, uvicorn, httptools, websockets and '
                              'PyJWT: python3 -m pip install fastapi uvicorn httptools websockets '
                              f'"PyJWT[crypto]" ({error})') from error
        self._node = quiet_node(self, f'{self.get_name()}_io', self.get_namespace())
        self.traffic.opened()
        self._radio = Radio(self._node, self.context, self.endpoints, self.wire,
                            lambda: self.get_clock().now().nanoseconds)

        def make(loop):
            self._desk = Desk(self._radio, self._config, time.monotonic,
                              fleet_clock=lambda: self.get_clock().now().nanoseconds * 1e-9)
            gateway = Gateway(self._desk, self.site, self._config, count=self._count)
            self._radio.attach(self._desk, loop)
            return gateway
        self._server = WebServer(make, self._config)
        self._server.start()
        self.get_logger().info(f'serving site {self.site_id} at {self._server.url}, its '
                               f'description at {self._server.url}/docs')
        self._reports_due_s = 0.0
        self.pulse = Pulse(REPORTS_PERIOD_S, self._step, lambda: self._radio.ears,
                           lambda: self._radio.turn(time.monotonic()))

    def _count(self, name) -> None:
        """Count something; only the web thread does, and only under names of its own."""
        self.metrics.count(name)

    def _step(self) -> None:
        """Do what is done a few times a second."""
        if not self._server.is_alive:
            raise RuntimeError('the web server has ended by itself')
        now_s = time.monotonic()
        self._radio.active = self.active
        self._radio.turn(now_s)
        self._radio.turn_reports(now_s)

    def dismantle(self) -> None:
        """Stop serving, then close everything."""
        if self._server is not None:
            self._server.stop()
            self._server = None
        self.endpoints.close()
        if self._node is not None:
            self._node.destroy_node()
            self.traffic.opened(-1)
            self._node = self._radio = self._desk = None

    def gather(self) -> None:
        """Add what waits for the fleet."""
        super().gather()
        if self._desk is not None:
            self.metrics.set('gateway_orders_pending', self._desk.pending)

    def health(self):
        """Return whether requests are served, and whether the fleet answers."""
        if not self.active or self._server is None or self._desk is None:
            return 1, 'inactive'
        if not self._desk.breaker.is_closed:
            return 2, 'the coordinators do not answer: requests are refused at once'
        leader = self._desk.leader()['leader']
        return (0, f'serving at {self._server.url}, {leader} leads') if leader else (
            1, f'serving at {self._server.url}, but no leader is heard')


def main(args=None) -> None:
    """Run the node."""
    sys.exit(run(GatewayNode, args))


if __name__ == '__main__':
    main()
