// Copyright 2026 robot_swarm_orch contributors
// SPDX-License-Identifier: Apache-2.0
//
// Fills a RobotState, prints it as YAML, then on the last line as the bytes that go over DDS. It asks
// the type support for them as a middleware does; with rclcpp one would just publish the message.

#include <cstddef>
#include <iomanip>
#include <iostream>

#include "fastcdr/Cdr.h"
#include "fastcdr/FastBuffer.h"
#include "robot_swarm_orch/msg/robot_state.hpp"
#include "rosidl_typesupport_cpp/message_type_support.hpp"
#include "rosidl_typesupport_fastrtps_cpp/identifier.hpp"
#include "rosidl_typesupport_fastrtps_cpp/message_type_support.h"

using eprosima::fastcdr::Cdr;
using eprosima::fastcdr::FastBuffer;
using robot_swarm_orch::msg::RobotState;

RobotState example()
{
  RobotState state;
  state.header.stamp.sec = 12;
  state.header.frame_id = "map";
  state.site_id = "warehouse";
  state.robot_id = "r042";
  state.boot_id = 7;
  state.seq = (1ull << 32) + 5;
  state.mode = RobotState::MODE_AUTOMATIC;
  state.x = 1.25;
  state.y = -2.5;
  state.yaw = 0.5f;
  state.held = {3, 17, 412};
  state.carrying = true;
  return state;
}

int main()
{
  const RobotState state = example();
  std::cout << robot_swarm_orch::msg::to_yaml(state);

  const auto * any = rosidl_typesupport_cpp::get_message_type_support_handle<RobotState>();
  const auto * support = get_message_typesupport_handle(
    any, rosidl_typesupport_fastrtps_cpp::typesupport_identifier);
  if (support == nullptr) {
    std::cerr << "the package was built without type support for Fast DDS\n";
    return 1;
  }
  const auto * callbacks = static_cast<const message_type_support_callbacks_t *>(support->data);
  FastBuffer buffer;
  Cdr cdr(buffer, Cdr::DEFAULT_ENDIAN, eprosima::fastcdr::CdrVersion::XCDRv1);
  cdr.set_encoding_flag(eprosima::fastcdr::EncodingAlgorithmFlag::PLAIN_CDR);
  cdr.serialize_encapsulation();
  if (!callbacks->cdr_serialize(&state, cdr)) {
    std::cerr << "the message was not serialized\n";
    return 1;
  }
  std::cout << "cdr: " << std::hex << std::setfill('0');
  for (std::size_t i = 0; i < cdr.get_serialized_data_length(); ++i) {
    std::cout << std::setw(2) << (buffer.getBuffer()[i] & 0xff);
  }
  std::cout << '\n';
  return 0;
}
