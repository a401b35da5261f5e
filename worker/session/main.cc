// bulkhead-worker: hosts one isolated module for a program that uses Bulkhead. Started by that program only.
#include "shared/control/socket.h"
#include "worker/session/session.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>

namespace {

// What a worker is started with: see proto/control.capnp.
constexpr int kSocket = 3;
constexpr int kLifeline = 4;

bool startedByHost() {
  int type = 0;
  socklen_t size = sizeof type;
  return ::getsockopt(kSocket, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET &&
         ::fcntl(kLifeline, F_GETFD) != -1;
}

}  // namespace

int main() {
  if (!startedByHost()) {
    std::fputs("bulkhead-worker runs modules for a program that uses Bulkhead; that program starts it by itself.\n",
               stderr);
    return 64;
  }
  bulkhead::worker::Session session(bulkhead::control::Socket(bulkhead::posix::UniqueFd(kSocket)), kLifeline);
  session.run();
}
