/* Actions of signals that modules set.
 *
 * Of each signal that a module touched there is a chain of actions, newest on top: one for each module that set one,
 * and between them what the host had installed at that time. A module that gives its action back, or leaves, takes its
 * own out of the chain, wherever it is; only if it was installed the next one is. So modules may leave in any order,
 * and no action of a module that is gone is ever installed.
 *
 * What a module is told as the old action is its own or else the host's, never another module's: it could not know when
 * that one is gone. Setting the host's action again gives its own back. Hence a module's handler that calls the old one
 * skips other modules' handlers.
 *
 * What the host sets itself is seen at the next call of a module. It stays when the modules beneath it leave. An action
 * inside a module that the host keeps and installs after the unload is not seen. */
#ifndef BULKHEAD_RUNTIME_SIGNALS_H
#define BULKHEAD_RUNTIME_SIGNALS_H

#include "shared/runtime/ledger.h"

#include <signal.h>

/* sigaction for a module; as safe in signal handlers as that. */
int bulkhead_signal_action(BulkheadLedger* ledger, int signal, const struct sigaction* action, struct sigaction* old,
                           const void* site, const char* call);

#endif
