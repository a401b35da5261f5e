// A contract of imports and nothing else: works while it is constructed and destroyed.
#include "journal.module.h"

namespace {

class Journalist {
 public:
  explicit Journalist(journal::module::Journal& journal) {
    const bool isKept = journal.write(journal::Level::error, "for " + journal.name().value()).value();
    if (!isKept) throw std::runtime_error("nobody keeps it");
  }
};

}  // namespace

BULKHEAD_MODULE(Journalist, journal::module::JournalContract)
