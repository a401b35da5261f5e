#include "shared/runtime/heap.h"

#include "shared/hooks/hooks.h"
