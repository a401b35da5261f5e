#include "tests/bench/rpc_peer.h"

#include "peer.capnp.h"
#include "tests/bench/system.h"

#include <capnp/rpc-twoparty.h>
#include <kj/async-io.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

namespace bench {
namespace {

class Server final : public peer::Adder::Server {
  kj::Promise<void> add(AddContext context) override {
    context.getResults().setSum(context.getParams().getA() + context.getParams().getB());
    return kj::READY_NOW;
  }
};

[[noreturn]] void serve(int socket) {
  auto io = kj::setupAsyncIo();
  auto stream = io.lowLevelProvider->wrapSocketFd(socket);
  capnp::TwoPartyVatNetwork network(*stream, capnp::rpc::twoparty::Side::SERVER);
  auto server = capnp::makeRpcServer(network, kj::heap<Server>());
  network.onDisconnect().wait(io.waitScope);
  ::_exit(0);
}

}  // namespace

class RpcPeer::Client {
 public:
  explicit Client(int socket)
      : io_(kj::setupAsyncIo()),
        stream_(io_.lowLevelProvider->wrapSocketFd(socket, kj::LowLevelAsyncIoProvider::TAKE_OWNERSHIP)),
        client_(*stream_),
        adder_(client_.bootstrap().castAs<peer::Adder>()) {}

  std::int32_t add(std::int32_t a, std::int32_t b) {
    auto request = adder_.addRequest();
    request.setA(a);
    request.setB(b);
    return request.send().wait(io_.waitScope).getSum();
  }

 private:
  kj::AsyncIoContext io_;
  kj::Own<kj::AsyncIoStream> stream_;
  capnp::TwoPartyClient client_;
  peer::Adder::Client adder_;
};

RpcPeer::RpcPeer(int cpu) {
  int sockets[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) != 0) throw std::runtime_error("no socket pair");
  child_ = ::fork();
  if (child_ < 0) throw std::runtime_error("cannot fork");
  if (child_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::close(sockets[0]);
    pinThread(0, cpu);
    serve(sockets[1]);
  }
  ::close(sockets[1]);
  client_ = std::make_unique<Client>(sockets[0]);
}

RpcPeer::~RpcPeer() {
  client_.reset();
  endChild(child_);
}

std::int32_t RpcPeer::add(std::int32_t a, std::int32_t b) { return client_->add(a, b); }

}  // namespace bench
