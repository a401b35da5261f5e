#include "shared/hooks/hooks.h"
