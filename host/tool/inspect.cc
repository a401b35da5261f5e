// bulkhead inspect FILE: what a module file says about itself. No code of the file runs.
#include "host/tool/json_writer.h"
#include "host/tool/subcommands.h"
#include "host/tool/terminal.h"
#include "shared/manifest/ancestors.h"
#include "shared/manifest/elf_file.h"
#include "shared/manifest/lint.h"
#include "shared/manifest/manifest.h"
#include "shared/manifest/seal.h"
#include "shared/manifest/symbols.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace bulkhead::tool {
namespace {

struct Options {
  std::string file;
  bool json = false;
};

// Of one file. Each section of the report is a function, once as text and once as JSON.
struct Report {
  std::string file;
  manifest::ElfFile elf;
  manifest::SealState seal;
  Result<manifest::Manifest> manifest;
  std::vector<manifest::Finding> findings;
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

// The pairs without the repetitions of a key that a file may hold, and without the seal's: that is reported apart.
std::vector<std::pair<std::string, std::string>> buildOf(const Report& report) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const auto& pair : report.manifest->build) {
    const auto isSame = [&](const auto& other) { return other.first == pair.first; };
    if (pair.first != "seal" && std::none_of(pairs.begin(), pairs.end(), isSame)) pairs.push_back(pair);
  }
  return pairs;
}

bool isSealed(const Report& report) { return report.seal == manifest::SealState::intact; }

// Text

void printMethod(std::ostream& out, std::size_t ordinal, const manifest::Method& method) {
  out << "    @" << ordinal << " " << shown(method.signature);
  if (method.deadlineMs != 0) out << "  [deadline " << method.deadlineMs << " ms]";
  if (method.idempotent) out << "  [idempotent]";
  out << "\n";
}

void printContracts(std::ostream& out, const Report& report) {
  for (const auto& contract : report.manifest->contracts) {
    out << "contract " << shown(contract.name) << " (ABI version " << contract.abiVersion << ")\n";
    const std::vector<std::string> ancestors = manifest::ancestorsOf(contract);
    for (std::size_t n = 0; n < ancestors.size(); ++n) {
      const manifest::Interface& interface = contract.interfaces[n];
      out << "  " << roleOf(interface) << " " << shown(interface.name)
          << (ancestors[n].empty() ? "" : ", inherited from " + shown(ancestors[n])) << " (id " << hex(interface.id)
          << ")" << (isSerialized(interface) ? "  [serialized]" : "") << "\n";
      std::size_t ordinal = 0;
      for (const auto& method : interface.methods) printMethod(out, ordinal++, method);
    }
  }
}

void printBuild(std::ostream& out, const Report& report) {
  out << "build\n";
  for (const auto& [key, value] : buildOf(report)) out << "  " << shown(key) << ": " << shown(value) << "\n";
}

void printNeeded(std::ostream& out, const Report& report) {
  out << "needs\n";
  for (const auto& library : report.elf.needed) out << "  " << shown(library) << "\n";
}

std::string lineOf(const manifest::Finding& finding) {
  return std::string(toString(finding.severity)) + ": " + finding.what +
         (finding.remedy.empty() ? "" : "; " + finding.remedy) + " [" + std::string(finding.id) + "]";
}

void printState(std::ostream& out, const Report& report) {
  out << "C++ runtime\n  " << toString(runtimeOf(report.elf, *report.manifest)) << "\n";
  out << "seal\n  "
      << (isSealed(report) ? "intact" : "not sealed: damage to the file would not be noticed; bulkhead-lint seals it")
      << "\n";
}

void printFindings(std::ostream& out, const Report& report) {
  out << "findings\n";
  for (const auto& finding : report.findings) out << "  " << shown(lineOf(finding)) << "\n";
  if (report.findings.empty()) out << "  none\n";
}

void printText(std::ostream& out, const Report& report) {
  out << "file " << shown(report.file) << "\n";
  printContracts(out, report);
  printBuild(out, report);
  printNeeded(out, report);
  printState(out, report);
  printFindings(out, report);
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

void writeInterface(JsonWriter& json, const manifest::Interface& interface, const std::string& ancestor) {
  json.open({}, '{');
  json.text("name", interface.name);
  if (!ancestor.empty()) json.text("inheritedFrom", ancestor);
  json.text("role", roleOf(interface));
  json.text("id", hex(interface.id));
  json.boolean("serialized", isSerialized(interface));
  json.open("methods", '[');
  std::size_t ordinal = 0;
  for (const auto& method : interface.methods) writeMethod(json, ordinal++, method);
  json.close(']');
  json.close('}');
}

void writeContracts(JsonWriter& json, const Report& report) {
  json.open("contracts", '[');
  for (const auto& contract : report.manifest->contracts) {
    json.open({}, '{');
    json.text("name", contract.name);
    json.number("abiVersion", contract.abiVersion);
    json.open("interfaces", '[');
    const std::vector<std::string> ancestors = manifest::ancestorsOf(contract);
    for (std::size_t n = 0; n < ancestors.size(); ++n) writeInterface(json, contract.interfaces[n], ancestors[n]);
    json.close(']');
    json.close('}');
  }
  json.close(']');
}

void writeBuild(JsonWriter& json, const Report& report) {
  json.open("build", '{');
  for (const auto& [key, value] : buildOf(report)) {
    if (!key.empty()) json.text(key, value);
  }
  json.close('}');
}

void writeNeeded(JsonWriter& json, const Report& report) {
  json.open("needs", '[');
  for (const auto& library : report.elf.needed) json.text({}, library);
  json.close(']');
}

void writeFindings(JsonWriter& json, const Report& report) {
  json.open("findings", '[');
  for (const auto& finding : report.findings) {
    json.open({}, '{');
    json.text("id", finding.id);
    json.text("severity", toString(finding.severity));
    json.text("what", finding.what);
    json.text("remedy", finding.remedy);
    json.close('}');
  }
  json.close(']');
}

void printJson(std::ostream& out, const Report& report) {
  JsonWriter json;
  json.open({}, '{');
  json.text("file", report.file);
  writeContracts(json, report);
  writeBuild(json, report);
  writeNeeded(json, report);
  json.text("runtime", toString(runtimeOf(report.elf, *report.manifest)));
  json.boolean("sealed", isSealed(report));
  writeFindings(json, report);
  json.close('}');
  out << json.result() << "\n";
}

// What load() looks at before any code runs, in its order, and the lint.
Result<Report> examine(const std::string& path) {
  const auto fd = manifest::openForReading(path);
  if (!fd) return fd.error();
  auto elf = manifest::readElf(fd->get(), path);
  if (!elf) return std::move(elf).error();
  const auto seal = manifest::checkSeal(fd->get(), *elf, path);
  if (!seal) return seal.error();
  auto manifest = manifest::readManifest(*elf, path);
  if (!manifest) return std::move(manifest).error();
  const auto symbols = manifest::readSymbols(fd->get(), path);
  if (!symbols) return symbols.error();
  std::vector<manifest::Finding> findings = manifest::lint(*elf, *symbols, manifest);
  return Report{path, *std::move(elf), *seal, std::move(manifest), std::move(findings)};
}

ExitStatus inspect(const Options& options) {
  const Result<Report> report = examine(options.file);
  if (!report) return complain(report.error()), kNotLoaded;
  options.json ? printJson(std::cout, *report) : printText(std::cout, *report);
  if (std::cout.flush()) return kOk;
  say("bulkhead: the report cannot be written");
  return kSystem;
}

}  // namespace

void addInspect(CLI::App& app, ExitStatus& status) {
  auto* const command = app.add_subcommand(
      "inspect", "Show a module's contracts, how it was built and what is wrong with it, without loading it");
  const auto options = std::make_shared<Options>();
  command->add_option("FILE", options->file, "The module's file")->required();
  command->add_flag("--json", options->json, "As one JSON object");
  command->footer(kStatusHelp);
  command->callback([options, &status] { status = inspect(*options); });
}

}  // namespace bulkhead::tool
