#include "shared/runtime/signals.h"

#include "shared/runtime/ledger_table.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PUBLIC __attribute__((visibility("default")))

#define SIGNALS 65
#define LAYERS 512

typedef struct Layer {
  struct Layer* below;
  BulkheadLedger* ledger; /* NULL: the host's */
  struct sigaction action;
  const void* site;
  const char* call; /* NULL: free */
} Layer;

/* No allocation and no lock that a signal could find taken: all this also runs in signal handlers. */
static Layer layers[LAYERS];
static Layer* chains[SIGNALS]; /* from the top */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void lock(sigset_t* blocked) {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, blocked);
  pthread_mutex_lock(&mutex);
}

static void unlock(const sigset_t* blocked) {
  pthread_mutex_unlock(&mutex);
  pthread_sigmask(SIG_SETMASK, blocked, NULL);
}

/* ---- chains, all with the mutex held */

static Layer* make_layer(BulkheadLedger* ledger, const struct sigaction* action, const void* site, const char* call) {
  for (Layer* layer = layers; layer != layers + LAYERS; ++layer) {
    if (layer->call != NULL) continue;
    *layer = (Layer){.below = NULL, .ledger = ledger, .action = *action, .site = site, .call = call};
    return layer;
  }
  return NULL; /* not noted */
}

static void push(int signal, Layer* layer) {
  if (layer == NULL) return;
  layer->below = chains[signal];
  chains[signal] = layer;
}

static void drop(int signal, Layer* layer) {
  Layer** link = &chains[signal];
  while (*link != layer) link = &(*link)->below;
  *link = layer->below;
  layer->call = NULL;
}

static Layer* layer_of(int signal, const BulkheadLedger* ledger) {
  Layer* layer = chains[signal];
  while (layer != NULL && layer->ledger != ledger) layer = layer->below;
  return layer;
}

static int is_same(const struct sigaction* one, const struct sigaction* other) {
  return one->sa_sigaction == other->sa_sigaction;
}

/* Whether the top is what is installed; a handler for one signal has reset itself after that. */
static int is_installed(const Layer* top, const struct sigaction* current) {
  if (top == NULL) return 0;
  return is_same(&top->action, current) ||
         (((unsigned)top->action.sa_flags & SA_RESETHAND) != 0 && current->sa_handler == SIG_DFL);
}

static int is_inside(const BulkheadLedger* ledger, const struct sigaction* action) {
  const uintptr_t handler = (uintptr_t)action->sa_sigaction;
  return handler >= ledger->begin && handler < ledger->end;
}

/* A chain of the host's own actions is none; of two in a row the lower one never shows again. */
static void tidy(int signal) {
  int modules = 0;
  for (Layer* layer = chains[signal]; layer != NULL; layer = layer->below) {
    modules += layer->ledger != NULL;
    while (layer->ledger == NULL && layer->below != NULL && layer->below->ledger == NULL) drop(signal, layer->below);
  }
  while (modules == 0 && chains[signal] != NULL) drop(signal, chains[signal]);
}

/* ---- a module's call */

static struct sigaction visible(int signal, const BulkheadLedger* ledger, const struct sigaction* current) {
  if (!is_installed(chains[signal], current)) return *current;
  const Layer* shown = layer_of(signal, ledger);
  if (shown == NULL) shown = layer_of(signal, NULL);
  return shown != NULL ? shown->action : (struct sigaction){.sa_handler = SIG_DFL};
}

static int give_back(int signal, Layer* own) {
  const Layer* const next = own->below;
  const int result = own == chains[signal] && next != NULL ? sigaction(signal, &next->action, NULL) : 0;
  if (result == 0) drop(signal, own);
  return result;
}

static int install(int signal, BulkheadLedger* ledger, const struct sigaction* action, const void* site,
                   const char* call) {
  Layer* const own = layer_of(signal, ledger);
  const Layer* const hosts = layer_of(signal, NULL);
  const int is_hosts = hosts != NULL && is_same(action, &hosts->action);
  if (own != NULL && is_hosts) return give_back(signal, own);
  if (sigaction(signal, action, NULL) != 0) return -1;
  if (own != NULL) drop(signal, own);
  if (!is_hosts || chains[signal] != hosts) push(signal, make_layer(ledger, action, site, call));
  return 0;
}

static int set(int signal, BulkheadLedger* ledger, const struct sigaction* action, const struct sigaction* current,
               const void* site, const char* call) {
  if (!is_installed(chains[signal], current)) push(signal, make_layer(NULL, current, NULL, "host"));
  const int result = install(signal, ledger, action, site, call);
  tidy(signal);
  return result;
}

PUBLIC int bulkhead_signal_action(BulkheadLedger* ledger, int signal, const struct sigaction* action,
                                  struct sigaction* old, const void* site, const char* call) {
  if (ledger->is_none || signal <= 0 || signal >= SIGNALS) return sigaction(signal, action, old);
  sigset_t blocked;
  struct sigaction current;
  lock(&blocked);
  int result = sigaction(signal, NULL, &current);
  if (result == 0) {
    const struct sigaction shown = visible(signal, ledger, &current);
    if (action != NULL) result = set(signal, ledger, action, &current, site, call);
    if (result == 0 && old != NULL) *old = shown;
  }
  const int saved = errno;
  unlock(&blocked);
  errno = saved;
  return result;
}

/* ---- the ledger's side */

uint64_t signals_count(const BulkheadLedger* ledger) {
  uint64_t count = 0;
  sigset_t blocked;
  lock(&blocked);
  for (int signal = 1; signal < SIGNALS; ++signal) count += layer_of(signal, ledger) != NULL;
  unlock(&blocked);
  return count;
}

void signals_visit(BulkheadLedger* ledger, void (*visit)(void*, const BulkheadLedgerEntry*), void* context) {
  for (int signal = 1; signal < SIGNALS; ++signal) {
    sigset_t blocked;
    char text[32];
    BulkheadLedgerEntry entry = {.key = (uint64_t)signal, .text = text, .kind = BULKHEAD_LEDGER_SIGNAL_HANDLER};
    lock(&blocked);
    const Layer* const layer = layer_of(signal, ledger);
    if (layer != NULL) {
      entry.site = layer->site;
      entry.call = layer->call;
    }
    unlock(&blocked);
    if (entry.call == NULL) continue;
    const char* const name = sigabbrev_np(signal);
    if (name != NULL) {
      snprintf(text, sizeof text, "SIG%s", name);
    } else {
      snprintf(text, sizeof text, "signal %d", signal);
    }
    visit(context, &entry);
  }
}

/* With the mutex held: 1 if the module had set an action. */
static uint64_t leave(int signal, const BulkheadLedger* ledger) {
  struct sigaction current;
  if (sigaction(signal, NULL, &current) != 0) return 0;
  Layer* const own = layer_of(signal, ledger);
  const int goes = is_inside(ledger, &current) || (own != NULL && own == chains[signal] && is_installed(own, &current));
  if (own != NULL) drop(signal, own);
  for (Layer* layer = chains[signal]; layer != NULL;) { /* the host's, with a handler in the module */
    Layer* const below = layer->below;
    if (is_inside(ledger, &layer->action)) drop(signal, layer);
    layer = below;
  }
  if (goes) {
    const struct sigaction ignore = {.sa_handler = SIG_IGN}; /* drops what is pending: it was meant for the module */
    const struct sigaction none = {.sa_handler = SIG_DFL};
    sigaction(signal, &ignore, NULL);
    sigaction(signal, chains[signal] != NULL ? &chains[signal]->action : &none, NULL);
  }
  tidy(signal);
  return own != NULL;
}

uint64_t signals_leave(const BulkheadLedger* ledger) {
  uint64_t count = 0;
  sigset_t blocked;
  lock(&blocked);
  for (int signal = 1; signal < SIGNALS; ++signal) count += leave(signal, ledger);
  unlock(&blocked);
  return count;
}
