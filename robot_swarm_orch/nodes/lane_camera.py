# Copyright 2026 robot_swarm_orch contributors
# SPDX-License-Identifier: Apache-2.0
"""One robot's camera in an edge process: image topic in, what to make of the lane out."""

from time import perf_counter

from builtin_interfaces.msg import Time
import cv2
from robot_swarm_orch.config import RobotConfig
from robot_swarm_orch.edge.perception import LaneModel, LaneWatch
from robot_swarm_orch.nodes import topics
from robot_swarm_orch.nodes.camera_wire import read_image_bytes, write_detections
from robot_swarm_orch.onnx_runtime import LANE_MODEL, open_session
from std_msgs.msg import Header


def load_lane_model(path: str = '') -> LaneModel:
    """Return the model of a file, by default the one of this package; ConfigError if none."""
    # One image is too little work for two threads, and OpenCV's pool would stay for good.
    cv2.setNumThreads(1)
    path = path or LANE_MODEL
    return LaneModel(open_session(path), perf_counter, path)


class LaneCamera:
    """
    Looks at the newest image at every tick; what it made of it is in `sight`.

    Only the newest counts: images that came between two ticks are skipped unread. An image is
    looked at within the tick that uses it, so a verdict is never older than its image.
    """

    def __init__(self, robot: str, config: RobotConfig, model: LaneModel, node, endpoints, wire,
                 metrics):
        """Open the topics; ConfigError if the model's lane is too short for the robot."""
        self._watch = LaneWatch(model, config)
        self._robot, self._wire, self._seq = robot, wire, 0
        self._images_in = endpoints.inbox(node, topics.IMAGE, robot=robot)
        self._detections_out = endpoints.outlet(node, topics.DETECTIONS)
        self._perception = metrics.histogram('perception_s')
        self._inference = metrics.histogram('inference_s')
        self._age = metrics.histogram('camera_age_s')
        self._metrics = metrics
        self.sight = None

    def look(self, seen, control_s: float):
        """
        Return the newest word of the camera, None before the first image.

        `seen` is the robot's odometry, None if unknown; `control_s` the ROS time now [s].
        """
        data = self._images_in.newest_bytes()
        if data is None:
            return self.sight
        began = perf_counter()
        image = self._wire.hear(read_image_bytes, data)
        if image is None:
            return self.sight
        watch, known = self._watch, self.sight
        self.sight = sight = watch.look(image, seen)
        self._perception.observe(perf_counter() - began)
        self._inference.observe(watch.model.inference_s)
        self._age.observe(control_s - image.taken_s)
        if sight.blocked and not (known is not None and known.blocked):
            self._metrics.count('lanes_blocked')
        if sight.frozen and not (known is not None and known.frozen):
            self._metrics.count('cameras_frozen')
        self._tell(image)
        return sight

    def _tell(self, image):
        """Publish what was seen, if somebody listens."""
        self._seq += 1
        if not self._detections_out.listeners:
            return
        sec, nanosec = divmod(round(image.taken_s * 1e9), 10 ** 9)
        header = Header(frame_id=f'{self._robot}/camera', stamp=Time(sec=sec, nanosec=nanosec))
        self._detections_out.send(write_detections(
            self.sight, image, self._robot, self._seq, self._watch.model.name,
            self._watch.model.inference_s, header))
