// Cap'n Proto's own RPC between two processes over a socket pair.
#pragma once

#include <cstdint>
#include <memory>

namespace bench {

class RpcPeer {
 public:
  // The server, a child process, runs on `cpu`. At most one object on a thread.
  explicit RpcPeer(int cpu);
  RpcPeer(const RpcPeer&) = delete;
  RpcPeer& operator=(const RpcPeer&) = delete;
  ~RpcPeer();
  std::int32_t add(std::int32_t a, std::int32_t b);

 private:
  class Client;
  int child_;
  std::unique_ptr<Client> client_;
};

}  // namespace bench
