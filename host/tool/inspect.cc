// bulkhead inspect FILE: what a module file says about itself. No code of the file runs.
#include "host/tool/json_writer.h"
#include "host/tool/subcommands.h"
#include "host/tool/terminal.h"
#include "shared/manifest/elf_file.h"
#include "shared/manifest/manifest.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <limits>
#include <memory>
#include <string>

namespace bulkhead::tool {
namespace {

struct Options {
  std::string file;
  bool json = false;
};

// Of one file. Each section of the report is a function, once as text and once as JSON.
struct Findings {
  std::string file;
  manifest::ElfFile elf;
  manifest::Manifest manifest;
};

std::string shown(std::string_view text) { return detail::printable(text, std::numeric_limits<std::size_t>::max()); }

std::string hex(std::uint64_t number) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%016llx", static_cast<unsigned long long>(number));
  return text;
}

const char* roleOf(const manifest::Interface& interface) {
  return interface.role == manifest::Role::exports ? "exports" : "imports";
}

bool isSerialized(const manifest::Interface& interface) {
  return std::any_of(interface.methods.begin(), interface.methods.end(), [](const auto& m) { return m.serialized; });
}

// The pairs without the repetitions of a key that a file may hold.
std::vector<std::pair<std::string, std::string>> buildOf(const Findings& findings) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const auto& pair : findings.manifest.build) {
    const auto isSame = [&](const auto& other) { return other.first == pair.first; };
    if (std::none_of(pairs.begin(), pairs.end(), isSame)) pairs.push_back(pair);
  }
  return pairs;
}

// Text

void printMethod(std::ostream& out, std::size_t ordinal, const manifest::Method& method) {
  out << "    @" << ordinal << " " << shown(method.signature);
  if (method.deadlineMs != 0) out << "  [deadline " << method.deadlineMs << " ms]";
  if (method.idempotent) out << "  [idempotent]";
  out << "\n";
}

void printContracts(std::ostream& out, const Findings& findings) {
  for (const auto& contract : findings.manifest.contracts) {
    out << "contract " << shown(contract.name) << " (ABI version " << contract.abiVersion << ")\n";
    for (const auto& interface : contract.interfaces) {
      out << "  " << roleOf(interface) << " " << shown(interface.name) << " (id " << hex(interface.id) << ")"
          << (isSerialized(interface) ? "  [serialized]" : "") << "\n";
      std::size_t ordinal = 0;
      for (const auto& method : interface.methods) printMethod(out, ordinal++, method);
    }
  }
}

void printBuild(std::ostream& out, const Findings& findings) {
  out << "build\n";
  for (const auto& [key, value] : buildOf(findings)) out << "  " << shown(key) << ": " << shown(value) << "\n";
}

void printNeeded(std::ostream& out, const Findings& findings) {
  out << "needs\n";
  for (const auto& library : findings.elf.needed) out << "  " << shown(library) << "\n";
}

void printText(std::ostream& out, const Findings& findings) {
  out << "file " << shown(findings.file) << "\n";
  printContracts(out, findings);
  printBuild(out, findings);
  printNeeded(out, findings);
}

// JSON

void writeMethod(JsonWriter& json, std::size_t ordinal, const manifest::Method& method) {
  json.open({}, '{');
  json.number("ordinal", ordinal);
  json.text("name", method.name);
  json.text("signature", method.signature);
  json.number("deadlineMs", method.deadlineMs);
  json.boolean("idempotent", method.idempotent);
  json.close('}');
}

void writeInterface(JsonWriter& json, const manifest::Interface& interface) {
  json.open({}, '{');
  json.text("name", interface.name);
  json.text("role", roleOf(interface));
  json.text("id", hex(interface.id));
  json.boolean("serialized", isSerialized(interface));
  json.open("methods", '[');
  std::size_t ordinal = 0;
  for (const auto& method : interface.methods) writeMethod(json, ordinal++, method);
  json.close(']');
  json.close('}');
}

void writeContracts(JsonWriter& json, const Findings& findings) {
  json.open("contracts", '[');
  for (const auto& contract : findings.manifest.contracts) {
    json.open({}, '{');
    json.text("name", contract.name);
    json.number("abiVersion", contract.abiVersion);
    json.open("interfaces", '[');
    for (const auto& interface : contract.interfaces) writeInterface(json, interface);
    json.close(']');
    json.close('}');
  }
  json.close(']');
}

void writeBuild(JsonWriter& json, const Findings& findings) {
  json.open("build", '{');
  for (const auto& [key, value] : buildOf(findings)) {
    if (!key.empty()) json.text(key, value);
  }
  json.close('}');
}

void writeNeeded(JsonWriter& json, const Findings& findings) {
  json.open("needs", '[');
  for (const auto& library : findings.elf.needed) json.text({}, library);
  json.close(']');
}

void printJson(std::ostream& out, const Findings& findings) {
  JsonWriter json;
  json.open({}, '{');
  json.text("file", findings.file);
  writeContracts(json, findings);
  writeBuild(json, findings);
  writeNeeded(json, findings);
  json.close('}');
  out << json.result() << "\n";
}

ExitStatus inspect(const Options& options) {
  auto elf = manifest::readElf(options.file);
  if (!elf) return complain(elf.error()), kNotLoaded;
  auto manifest = manifest::readManifest(*elf, options.file);
  if (!manifest) return complain(manifest.error()), kNotLoaded;
  const Findings findings{options.file, *std::move(elf), *std::move(manifest)};
  options.json ? printJson(std::cout, findings) : printText(std::cout, findings);
  if (std::cout.flush()) return kOk;
  say("bulkhead: the report cannot be written");
  return kSystem;
}

}  // namespace

void addInspect(CLI::App& app, ExitStatus& status) {
  auto* const command =
      app.add_subcommand("inspect", "Show a module's contracts and how it was built, without loading it");
  const auto options = std::make_shared<Options>();
  command->add_option("FILE", options->file, "The module's file")->required();
  command->add_flag("--json", options->json, "As one JSON object");
  command->footer(kStatusHelp);
  command->callback([options, &status] { status = inspect(*options); });
}

}  // namespace bulkhead::tool
