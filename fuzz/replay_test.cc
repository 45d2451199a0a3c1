// Runs the fuzz targets over their seeds, over seeds with a few bytes changed, and over every input
// that once was a finding: without a fuzzer, in every build.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "fuzz/target.h"

namespace skyhook::fuzz {
namespace {

class FuzzReplay : public ::testing::TestWithParam<const Target*> {
 protected:
  static void Run(const std::string& input) {
    // A copy of exactly its size, so that reading beyond its end is noticed.
    const std::vector<uint8_t> bytes(input.begin(), input.end());
    GetParam()->run(bytes);
  }
};

TEST_P(FuzzReplay, Seeds) {
  const auto seeds = GetParam()->seeds();
  ASSERT_GT(seeds.size(), 20u);
  for (const std::string& seed : seeds) Run(seed);
}

TEST_P(FuzzReplay, SeedsWithBytesChanged) {
  std::mt19937 random(1);
  for (std::string seed : GetParam()->seeds()) {
    for (int change = 0; change < 5; ++change) {
      seed[random() % seed.size()] = static_cast<char>(random());
      Run(seed);
    }
  }
}

TEST_P(FuzzReplay, Findings) {
  const auto folder =
      std::filesystem::path(SKYHOOK_SOURCE_DIR) / "fuzz" / "findings" / GetParam()->name;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(folder, none)) {
    SCOPED_TRACE(entry.path().string());
    std::ifstream file(entry.path(), std::ios::binary);
    Run({std::istreambuf_iterator<char>(file), {}});
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, FuzzReplay, ::testing::ValuesIn(Targets()),
                         [](const auto& target) { return std::string(target.param->name); });

}  // namespace
}  // namespace skyhook::fuzz
