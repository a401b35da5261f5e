#include "shared/runtime/ledger_table.h"

void resource_release(const LedgerNode* node) { (void)node; }
