// Its constructor hangs for ever if the host says so.
#include "journal.module.h"

#include <unistd.h>

namespace {

class Hanging {
 public:
  explicit Hanging(journal::module::Journal& journal) {
    while (journal.name().value() == "hang") {
      for (;;) ::pause();
    }
  }
};

}  // namespace

BULKHEAD_MODULE(Hanging, journal::module::JournalContract)
