/* bulkhead::release of the SDK. */
#include "shared/hooks/wrap.h"

#include <stdio.h>

HOOK void bulkhead_hooks_release_descriptor(int descriptor);
HOOK void bulkhead_hooks_release_stream(FILE* stream);

void bulkhead_hooks_release_descriptor(int descriptor) { given_back(BULKHEAD_LEDGER_DESCRIPTOR, (uint64_t)descriptor); }

void bulkhead_hooks_release_stream(FILE* stream) { given_back(BULKHEAD_LEDGER_STREAM, key_of(stream)); }
