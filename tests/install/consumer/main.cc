// app in-process|isolated: prints one line that must be the same in both placements.
#include "greeter.host.h"

#include <bulkhead/host.h>

#include <iostream>
#include <string>
#include <string_view>

namespace {

class Listener final : public greeter::host::GreeterHost {
 public:
  bulkhead::Result<void> log(std::string_view line) override {
    heard = line;
    return {};
  }
  std::string heard;
};

bulkhead::Result<void> run(const bulkhead::Placement& placement) {
  bulkhead::Host host;
  Listener listener;
  auto module = host.load(GREETER, placement, listener);
  if (!module) return module.error();
  auto greeter = module->get<greeter::host::Greeter>();
  if (!greeter) return greeter.error();
  auto text = greeter->greet("outside world");
  if (!text) return text.error();
  auto words = greeter->countWords(*text);
  if (!words) return words.error();
  std::cout << *text << "; " << *words << " words; host heard: " << listener.heard << '\n';
  return module->unload();
}

}  // namespace

int main(int argc, char** argv) {
  const bool isolated = argc > 1 && std::string_view(argv[1]) == "isolated";
  auto result = run(isolated ? bulkhead::Placement::isolated() : bulkhead::Placement::inProcess());
  if (!result) std::cerr << result.error().message() << '\n';
  return result ? 0 : 1;
}
