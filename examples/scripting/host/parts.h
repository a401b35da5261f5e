// The three parts of the example.
#pragma once

#include "console.h"
#include "exit_log.h"
#include "side.h"

#include <vector>

// Every good script on every text, in both placements: outputs, log lines and stores must be equal.
void compareScripts(Side& inProcess, Side& isolated, const std::vector<Text>& texts, Verdict& verdict);

// What a call and an import cost in each placement.
void measureCost(Side& inProcess, Side& isolated, Verdict& verdict);

// Each bad script must end in its typed error, and the next good one must work as in-process.
void runBadScripts(Side& inProcess, Side& isolated, const Text& text, ExitLog& exits, Verdict& verdict);
