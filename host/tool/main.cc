// The command `bulkhead`: modules from the shell.
#include "host/tool/subcommands.h"
#include "host/tool/terminal.h"

#include <exception>

int main(int count, char** arguments) {
  using namespace bulkhead::tool;  // NOLINT
  CLI::App app("Calls and inspects Bulkhead modules.", "bulkhead");
  app.set_version_flag("--version", "bulkhead " BULKHEAD_VERSION);
  app.require_subcommand(1);
  app.footer(kStatusHelp);
  ExitStatus status = kOk;
  addCall(app, status);
  addInspect(app, status);
  try {
    app.parse(count, arguments);
    return status;
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    app.exit(error);
    return kUsage;
  } catch (const std::exception& exception) {
    say(std::string("bulkhead: ") + exception.what());
    return kSystem;
  }
}
