#include <random>

#include "fuzz/run_pipeline.h"
#include "fuzz/target.h"
#include "skyhook/substrait/substrait.h"
#include "skyhook/testing/random_pipeline.h"

namespace skyhook::fuzz {
namespace {

/// Choices out of the bytes, one byte each for few and two for many; 0 once they are used up.
class Choices {
 public:
  explicit Choices(Bytes bytes) : bytes_(bytes) {}

  uint32_t Below(uint32_t bound) {
    uint32_t number = 0;
    for (uint32_t range = bound; range > 1; range >>= 8) number = number << 8 | Next();
    return number % bound;
  }

 private:
  uint8_t Next() { return at_ < bytes_.size() ? bytes_[at_++] : 0; }

  Bytes bytes_;
  size_t at_ = 0;
};

void Run(Bytes input) {
  Choices choices(input);
  std::mt19937 random(choices.Below(256));
  const plan::Pipeline pipeline =
      testing::RandomPipeline([&](uint32_t bound) { return choices.Below(bound); });
  const auto plan = substrait::ToSubstrait(pipeline);
  if (plan.ok()) {
    const auto read = substrait::FromSubstrait(*plan);
    Check(read.ok(), "a plan cannot be read back: " + read.status().ToString());
    Check(read->ToString() == pipeline.ToString(), "a plan comes back as another");
  }
  RunOverRandomRows(pipeline, &random);
}

std::vector<std::string> Seeds() {
  std::vector<std::string> out;
  for (uint32_t seed = 1; seed <= 200; ++seed) {
    std::mt19937 random(seed);
    std::string bytes(32 + random() % 200, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    out.push_back(std::move(bytes));
  }
  return out;
}

}  // namespace

const Target kExpressionTarget{"expression", Run, Seeds, nullptr};

}  // namespace skyhook::fuzz
