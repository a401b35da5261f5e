#include "side.h"

#include "console.h"

Side::Side(bulkhead::Host& host, const std::string& file, const char* name, const bulkhead::Placement& placement)
    : module_(host.load(file, placement, store_, {name}).value()),
      scripting_(module_.get<scripting::host::Scripting>().value()) {}

Outcome Side::run(const std::string& script, const Text& text) {
  const auto start = Clock::now();
  auto output = scripting_.run(script, text.content);
  const double milliseconds = millisecondsSince(start);
  return {std::move(output), store_.takeLines(), milliseconds};
}

bulkhead::Result<void> loadScripts(const bulkhead::Starting& starting, const std::vector<Script>& scripts) {
  auto scripting = starting.get<scripting::host::Scripting>();
  if (!scripting) return scripting.error();
  for (const Script& script : scripts) {
    if (auto loaded = scripting->load(script.name, script.source); !loaded) return loaded;
  }
  step(format("%s, generation %llu: started, %zu scripts loaded", starting.module().c_str(),
              static_cast<unsigned long long>(starting.generation()), scripts.size()));
  return {};
}
