// Built before `later` was added to its contract.
#include "tool.h"

class Tool final : public BasicTool {};

BULKHEAD_MODULE(Tool)
