/* A C program that loads a plug-in, and knows nothing of what is inside. It neither links Bulkhead nor libstdc++, and
   nothing that the plug-in brings is visible to others: RTLD_LOCAL.
   program PLUGIN MODULE: uses the module in both placements, on this thread and on another; then closes the plug-in,
   opens it again, and so on. Exit status 0 if all went well and the plug-in was gone each time, by address. */
#define _GNU_SOURCE /* dl_iterate_phdr */
#include "tests/conformance/hosted/hosted.h"

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

typedef const char* (*Use)(const char* file, int isolated);

struct Task {
  Use use;
  const char* file;
  int failed;
};

static void* useInBothPlacements(void* context) {
  struct Task* const task = context;
  for (int isolated = 0; isolated < 2; ++isolated) {
    const char* const wrong = task->use(task->file, isolated);
    if (wrong == NULL) continue;
    fprintf(stderr, "%s: %s\n", isolated ? "isolated" : "in-process", wrong);
    task->failed = 1;
  }
  return NULL;
}

struct Object {
  ElfW(Addr) base;
  char name[4096];
  int found;
};

static int look(struct dl_phdr_info* info, size_t size, void* context) {
  struct Object* const object = context;
  (void)size;
  if (info->dlpi_addr == object->base && strcmp(info->dlpi_name, object->name) == 0) object->found = 1;
  return object->found;
}

/* By address and name. */
static int isMapped(struct Object* object) {
  object->found = 0;
  dl_iterate_phdr(&look, object);
  return object->found;
}

static int useAndClose(const char* plugin, const char* module) {
  void* const handle = dlopen(plugin, RTLD_NOW | RTLD_LOCAL);
  struct link_map* map = NULL;
  if (handle == NULL || dlinfo(handle, RTLD_DI_LINKMAP, &map) != 0) {
    fprintf(stderr, "%s\n", dlerror());
    return 2;
  }
  struct Object object = {.base = map->l_addr};
  strncpy(object.name, map->l_name, sizeof object.name - 1);
  struct Task task = {.file = module};
  *(void**)&task.use = dlsym(handle, "hosted_use");
  if (task.use == NULL || !isMapped(&object)) return 3;
  pthread_t thread;
  if (pthread_create(&thread, NULL, &useInBothPlacements, &task) != 0) return 4;
  pthread_join(thread, NULL);
  if (task.failed) return 5;
  dlclose(handle);
  if (!isMapped(&object)) return 0;
  fprintf(stderr, "%s stays in memory\n", object.name);
  return 6;
}

int main(int count, char** arguments) {
  if (count != 3) return 64;
  for (int round = 0; round < 3; ++round) {
    const int failed = useAndClose(arguments[1], arguments[2]);
    if (failed != 0) return failed;
  }
  return 0;
}
