// bulkhead call FILE METHOD [JSON]: one method of one module, by name.
#include "host/tool/subcommands.h"
#include "host/tool/terminal.h"

#include <bulkhead/generic.h>
#include <bulkhead/host.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <memory>
#include <string>
#include <system_error>

namespace bulkhead::tool {
namespace {

struct Options {
  std::string file, method, json = "{}";
  bool isolated = false, pretty = false;
  std::uint32_t deadlineMs = 0;
};

// Standard input, one byte more than is allowed at most: the call says so then.
std::string readInput() {
  std::string text;
  char block[64 * 1024];
  while (text.size() <= GenericModule::kMaxJsonBytes && std::cin.read(block, sizeof block).gcount() > 0) {
    text.append(block, static_cast<std::size_t>(std::cin.gcount()));
  }
  return text;
}

HostOptions hostOptions() {
  HostOptions options;
  options.onLog = [](const LogLine& line) { say("[" + std::string(line.module) + "] " + std::string(line.text)); };
  options.onExit = [](const ExitReport& report) {
    if (report.verdict != ExitVerdict::shutDown) say("bulkhead: " + report.describe());
  };
  return options;
}

ExitStatus fail(const Error& error, ExitStatus status) {
  complain(error);
  return status;
}

ExitStatus call(const Options& options) {
  const std::string json = options.json == "-" ? readInput() : options.json;
  const ResultOutput output;
  Host host(hostOptions());
  const Placement placement = options.isolated ? Placement::isolated().required() : Placement::inProcess();
  const auto module =
      host.load(options.file, placement, {}, {.name = {}, .missingImports = MissingImports::unimplemented});
  if (!module) return fail(module.error(), kNotLoaded);
  const auto generic = GenericModule::of(*module);
  if (!generic) return fail(generic.error(), kNotLoaded);
  if (const auto method = generic->find(options.method); !method) return fail(method.error(), kUsage);
  const auto answer = generic->callJson(
      options.method, json, {.deadline = std::chrono::milliseconds(options.deadlineMs), .pretty = options.pretty});
  if (!answer) return fail(answer.error(), statusOf(answer.error().kind()));
  if (output.write(*answer)) return kOk;
  say("bulkhead: the result cannot be written: " + std::generic_category().message(errno));
  return kSystem;
}

}  // namespace

void addCall(CLI::App& app, ExitStatus& status) {
  auto* const command = app.add_subcommand("call", "Call a method of a module with JSON, and print the result as JSON");
  const auto options = std::make_shared<Options>();
  command->add_option("FILE", options->file, "The module's file")->required();
  command->add_option("METHOD", options->method, "\"Codec.decode\", or \"decode\" if one interface alone has it")
      ->required();
  command->add_option("JSON", options->json, "An object with the parameters; - reads it from standard input")
      ->capture_default_str();
  command->add_flag("--isolated", options->isolated, "In a worker process: a module that hangs or crashes cannot harm");
  command
      ->add_option("--deadline", options->deadlineMs,
                   "Time for the answer in milliseconds. Isolated, the worker is killed then; in-process a call "
                   "that does not return cannot be ended")
      ->type_name("MS")
      ->check(CLI::Range(1u, 0x7fff'ffffu));
  command->add_flag("--pretty", options->pretty, "Print the result in lines, indented");
  command->footer(
      "JSON as Cap'n Proto writes it: 64-bit integers as text, Data as an array of numbers from 0 to 255, enums by\n"
      "name. Parameters that are left out have their default. Imports of the module are unimplemented.\n\n" +
      std::string(kStatusHelp));
  command->callback([options, &status] { status = call(*options); });
}

}  // namespace bulkhead::tool
