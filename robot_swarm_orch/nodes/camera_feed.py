# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""
The cameras of a simulated fleet: robots take turns, within a budget of frames a second.

A frame takes longer to draw than a step of the world may take, so it is drawn by a thread of its
own, which OpenGL asks for anyway. A frame that is not done when the next is due delays that one:
the budget is a limit, not a promise.
"""

from threading import Event, Thread
from time import perf_counter

from builtin_interfaces.msg import Time
import numpy as np
from robot_swarm_orch.nodes import topics
from robot_swarm_orch.nodes.camera_wire import write_image
from robot_swarm_orch.sim.cameras import Camera, Look, NoPicture, View
from robot_swarm_orch.types import Image, Pose
from std_msgs.msg import Header


class CameraFeed:
    """Draws what one robot after the other sees, and publishes it."""

    def __init__(self, host, robots, frames_per_s: float, seed: int):
        """
        Start to draw for `robots` [(name, node)]; `host` is the node that logs and counts.

        Without OpenGL there are no images, and the log says so once.
        """
        self._host, self._period_s = host, 1.0 / frames_per_s
        self._names = [name for name, _ in robots]
        self._outlets = [host.endpoints.outlet(node, topics.IMAGE) for _, node in robots]
        self._frame = host.metrics.histogram('camera_frame_s')
        self._look = Look.draw(np.random.default_rng(seed))
        self._seed = seed
        self._turn, self._due_s = 0, 0.0
        self._job, self._wanted, self._ended = None, Event(), False
        self.works = True
        self._thread = Thread(target=self._draw, name='cameras', daemon=True)
        self._thread.start()

    def offer(self, world, stamp_ns: int, now_s: float) -> None:
        """Take the next robot's turn if one is due and the last frame is done; ROS time [ns]."""
        if now_s < self._due_s or self._job is not None or not self.works:
            return
        self._due_s = max(self._due_s + self._period_s, now_s - self._period_s)
        index = self._next_heard()
        if index < 0:
            return
        things = tuple(thing for thing in world.obstacles if thing.is_there(world.time_s))
        self._job = (index, world.x.copy(), world.y.copy(), world.yaw.copy(),
                     tuple(world.load(i).carrying for i in range(len(self._outlets))), things,
                     stamp_ns)
        self._wanted.set()

    def _next_heard(self) -> int:
        """Return the next robot whose images somebody hears, -1 if there is none."""
        for _ in self._outlets:
            index, self._turn = self._turn, (self._turn + 1) % len(self._outlets)
            if self._outlets[index].listeners:
                return index
        return -1

    def close(self) -> None:
        """End the thread; the endpoints are the host's."""
        self._ended = True
        self._wanted.set()
        self._thread.join(5.0)

    def _draw(self):
        """Draw job after job, until the end."""
        try:
            camera = Camera(self._host.site, look=self._look, seed=self._seed)
        except NoPicture as error:
            self.works = False
            self._host.get_logger().warning(f'the simulation runs without cameras: {error}')
            return
        try:
            while True:
                self._wanted.wait()
                self._wanted.clear()
                if self._ended:
                    return
                if self._job is not None:
                    self._draw_one(camera, *self._job)
                    self._job = None
        except Exception as error:
            self.works = False
            if not self._ended:
                self._host.get_logger().error(f'the cameras of the simulation ended: {error!r}')
        finally:
            camera.close()

    def _draw_one(self, camera, index, x, y, yaw, loaded, things, stamp_ns):
        """Draw and publish what one robot saw at a moment."""
        began = perf_counter()
        poses = [Pose(float(x[i]), float(y[i]), float(yaw[i])) for i in range(len(x))]
        me = poses.pop(index)
        loads = loaded[:index] + loaded[index + 1:]
        picture = camera.picture(me, View(tuple(zip(poses, loads)), things))
        header = Header(frame_id=f'{self._names[index]}/camera',
                        stamp=Time(sec=stamp_ns // 10 ** 9, nanosec=stamp_ns % 10 ** 9))
        self._outlets[index].send(write_image(Image(picture, 'rgb8', 0.0), header))
        self._frame.observe(perf_counter() - began)
