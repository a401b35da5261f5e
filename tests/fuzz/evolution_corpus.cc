// Writes the seed of evolution_fuzz: the manifest of another version of its contract.
#include "evolving.manifest.h"

#include <filesystem>
#include <fstream>
#include <span>

int main(int count, char** arguments) {
  if (count != 2) return 2;
  const std::filesystem::path folder(arguments[1]);
  std::filesystem::create_directories(folder);
  const auto bytes = std::as_bytes(std::span(evolving::kEvolvingManifest));
  std::ofstream file(folder / "older", std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  return file.flush() ? 0 : 1;
}
