/* What the hooks of the heap share. */
#ifndef BULKHEAD_HOOKS_HEAP_HOOKS_H
#define BULKHEAD_HOOKS_HEAP_HOOKS_H

#include "shared/hooks/hooks.h"

#include <stddef.h>

/* A block of `room` bytes of the module that begins with `size` bytes; NULL without memory. */
HOOK void* bulkhead_hooks_copy(const void* bytes, size_t size, size_t room, const void* site);

#endif
