// Stands in for libFuzzer where the compiler has none: every file of the folders given, then alterations of them.
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr int kAlterationsPerSeed = 5000;

void alter(std::vector<std::uint8_t>& bytes, std::mt19937& random) {
  if (bytes.empty()) return;
  if (random() % 16 == 0) bytes.resize(random() % bytes.size() + 1);
  for (std::uint32_t n = random() % 8; n > 0; --n) bytes[random() % bytes.size()] = static_cast<std::uint8_t>(random());
}

}  // namespace

int main(int count, char** arguments) {
  std::mt19937 random(1);
  int inputs = 0;
  for (int n = 1; n < count; ++n) {
    for (const auto& entry : std::filesystem::directory_iterator(arguments[n])) {
      std::ifstream file(entry.path(), std::ios::binary);
      const std::vector<std::uint8_t> seed{std::istreambuf_iterator<char>(file), {}};
      LLVMFuzzerTestOneInput(seed.data(), seed.size());
      for (int round = 0; round < kAlterationsPerSeed; ++round, ++inputs) {
        std::vector<std::uint8_t> bytes = seed;
        alter(bytes, random);
        LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
      }
    }
  }
  std::cout << inputs << " inputs\n";
  return inputs > 0 ? 0 : 1;
}
