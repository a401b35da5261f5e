// A module's ledger as embedders see it.
#pragma once

#include "shared/loader/ledger.h"

#include <bulkhead/ledger.h>

#include <vector>

namespace bulkhead::in_process {

// All of it; isKept is false where nothing is noted.
Ledger snapshot(const loader::ModuleLedger& ledger);

// Its entries of one kind, heap grouped by call site.
std::vector<Acquired> entriesOf(const loader::ModuleLedger& ledger, Resource kind);

std::vector<BadFree> badFreesOf(const loader::ModuleLedger& ledger);

}  // namespace bulkhead::in_process
