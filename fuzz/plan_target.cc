#include <string_view>

#include "fuzz/run_pipeline.h"
#include "fuzz/target.h"
#include "skyhook/plan/substrait.h"
#include "skyhook/testing/random_pipeline.h"

namespace skyhook::fuzz {
namespace {

void Run(Bytes input) {
  const std::string_view bytes(reinterpret_cast<const char*>(input.data()), input.size());
  const auto pipeline = plan::FromSubstrait(bytes);
  if (!pipeline.ok()) return;
  Check(plan::Validate(*pipeline).ok(), "a plan that was read does not pass");
  (void)pipeline->ToString();
  const auto written = plan::ToSubstrait(*pipeline);
  if (written.ok()) Check(plan::FromSubstrait(*written).ok(), "a plan cannot be read back");
  std::mt19937 random(1);
  RunOverRandomRows(*pipeline, &random);
}

std::vector<std::string> Seeds() {
  std::vector<std::string> out;
  for (uint32_t seed = 1; seed <= 300; ++seed) {
    auto plan = plan::ToSubstrait(testing::RandomPipeline(seed));
    if (plan.ok()) out.push_back(*std::move(plan));
  }
  return out;
}

}  // namespace

const Target kPlanTarget{"plan", Run, Seeds, nullptr};

}  // namespace skyhook::fuzz
