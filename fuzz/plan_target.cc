#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string_view>

#include "fuzz/run_pipeline.h"
#include "fuzz/target.h"
#include "skyhook/substrait/foreign/plan.h"
#include "skyhook/substrait/substrait.h"
#include "skyhook/testing/random_pipeline.h"

namespace skyhook::fuzz {
namespace {

void RunForeign(std::string_view bytes) {
  const auto plan = substrait::ReadForeignPlan(bytes);
  if (!plan.ok()) return;
  (void)plan->ToString();
  std::mt19937 random(1);
  for (const substrait::ForeignStep& step : plan->steps) {
    Check(plan::Validate(step.pipeline).ok(), "a foreign plan that was read does not pass");
    RunOverRandomRows(step.pipeline, &random);
  }
}

void Run(Bytes input) {
  const std::string_view bytes(reinterpret_cast<const char*>(input.data()), input.size());
  RunForeign(bytes);
  const auto pipeline = substrait::FromSubstrait(bytes);
  if (!pipeline.ok()) return;
  Check(plan::Validate(*pipeline).ok(), "a plan that was read does not pass");
  (void)pipeline->ToString();
  const auto written = substrait::ToSubstrait(*pipeline);
  if (written.ok()) Check(substrait::FromSubstrait(*written).ok(), "a plan cannot be read back");
  std::mt19937 random(1);
  RunOverRandomRows(*pipeline, &random);
}

/// Plans of DataFusion and pyarrow, binary and JSON.
void AddForeign(std::vector<std::string>* out) {
  const auto folder = std::filesystem::path(SKYHOOK_SOURCE_DIR) / "tests" / "compat" / "substrait";
  std::set<std::filesystem::path> samples;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const auto extension = entry.path().extension();
    if (extension == ".pb" || extension == ".json") samples.insert(entry.path());
  }
  for (const auto& sample : samples) {
    std::ifstream file(sample, std::ios::binary);
    out->emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
}

std::vector<std::string> Seeds() {
  std::vector<std::string> out;
  AddForeign(&out);
  for (uint32_t seed = 1; seed <= 300; ++seed) {
    auto plan = substrait::ToSubstrait(testing::RandomPipeline(seed));
    if (plan.ok()) out.push_back(*std::move(plan));
  }
  return out;
}

}  // namespace

const Target kPlanTarget{"plan", Run, Seeds, nullptr};

}  // namespace skyhook::fuzz
