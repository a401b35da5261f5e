// With what a worker ends when it is not killed and its module does not end it: see proto/control.capnp.
#pragma once

namespace bulkhead::worker {

inline constexpr int kProtocolError = 70;  // the host sent what it may not send
inline constexpr int kHostGone = 71;       // the socket or the lifeline ended

}  // namespace bulkhead::worker
