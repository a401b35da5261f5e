// capnpc-bulkhead: a plugin of the Cap'n Proto compiler. `capnp compile -obulkhead:<folder> codec.capnp` runs it with a
// CodeGeneratorRequest on standard input; it writes into the current folder. Exit code 1 and one line on standard
// error for a schema that is no contract.
#include "proto/plugin/emit.h"
#include "proto/plugin/manifest.h"
#include "proto/plugin/read.h"
#include "proto/plugin/validate.h"

#include <capnp/serialize.h>
#include <kj/exception.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace bulkhead::plugin {
namespace {

void write(const std::filesystem::path& path, const std::string& text) {
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) throw std::runtime_error(path.string() + ": cannot be written; is the output folder writable?");
}

void generate(capnp::schema::CodeGeneratorRequest::Reader request,
              capnp::schema::CodeGeneratorRequest::RequestedFile::Reader file) {
  Reader reader(request, file);
  Contract contract = reader.read();
  validate(contract);
  contract.manifest = buildManifest(contract, reader);
  write(contract.stem + ".table.h", emitTableHeader(contract));
  write(contract.stem + ".host.h", emitHostHeader(contract));
  write(contract.stem + ".host.cc", emitHostSource(contract));
  write(contract.stem + ".module.h", emitModuleHeader(contract));
  write(contract.stem + ".module.cc", emitModuleSource(contract));
  write(contract.stem + ".manifest.h", emitManifestHeader(contract));
  write(contract.stem + ".types.cc", emitTypesSource(contract));
}

int run() {
  try {
    // The compiler that runs us is trusted: no limit on what it sends.
    capnp::ReaderOptions options;
    options.traversalLimitInWords = kj::maxValue;
    capnp::StreamFdMessageReader message(STDIN_FILENO, options);
    const auto request = message.getRoot<capnp::schema::CodeGeneratorRequest>();
    for (auto file : request.getRequestedFiles()) generate(request, file);
    return 0;
  } catch (const kj::Exception& exception) {
    std::fprintf(stderr, "capnpc-bulkhead: %s; run it as `capnp compile -obulkhead`\n",
                 exception.getDescription().cStr());
  } catch (const std::exception& exception) {
    std::fprintf(stderr, "%s\n", exception.what());
  }
  return 1;
}

}  // namespace
}  // namespace bulkhead::plugin

int main() { return bulkhead::plugin::run(); }
