/* std::thread of libstdc++, and what is built on it (jthread, async). Its headers make a state object and give it to
 * std::thread::_M_start_thread, which is in the library: where that is a shared one, its pthread_create is not the
 * module's. So the thread is started here, as the library would. And only here it is known what the thread runs. */
#include "shared/hooks/hooks.h"
#include "shared/runtime/threads.h"

/* std::thread::_State. Its virtual functions in their order; before them the type_info (NULL with -fno-rtti), in which
 * the mangled name of the type is second. */
typedef struct State {
  const struct StateFunctions* functions;
} State;

typedef struct TypeInfo {
  const void* functions;
  const char* name;
} TypeInfo;

struct StateFunctions {
  void (*destroy)(State*);
  void (*destroy_and_delete)(State*);
  void (*run)(State*);
};

static const char* name_of(const State* state) {
  const TypeInfo* const type = ((const TypeInfo* const*)(const void*)state->functions)[-1];
  if (type == NULL || type->name == NULL) return NULL;
  return type->name[0] == '*' ? type->name + 1 : type->name; /* '*': compare by address; not part of the name */
}

static void delete_state(State** state) { (*state)->functions->destroy_and_delete(*state); }

/* Also when the thread is left by pthread_exit. An exception that leaves it ends the process, as ever. */
static void* run_state(void* argument) {
  State* state __attribute__((cleanup(delete_state))) = argument;
  state->functions->run(state);
  return NULL;
}

#define START_THREAD(prefix) \
  prefix##_ZNSt6thread15_M_start_threadESt10unique_ptrINS_6_StateESt14default_deleteIS1_EEPFvvE

void START_THREAD(__real_)(pthread_t* thread, State** state, void (*depends)(void));
HOOK void START_THREAD(__wrap_)(pthread_t* thread, State** state, void (*depends)(void));

/* std::thread is its pthread_t; the unique_ptr of the state comes by address and is emptied by who takes it. */
void START_THREAD(__wrap_)(pthread_t* thread, State** state, void (*depends)(void)) {
  const BulkheadThreadStart start = {.run = &run_state,
                                     .argument = *state,
                                     .shown = (const void*)(uintptr_t)(*state)->functions->run,
                                     .name = name_of(*state),
                                     .call = "std::thread",
                                     .site = SITE};
  if (bulkhead_thread_create(ledger(), thread, NULL, &start) == 0) {
    *state = NULL;
  } else {
    START_THREAD(__real_)(thread, state, depends); /* throws what belongs there */
  }
}
