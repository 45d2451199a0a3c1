// Plans that DataFusion 55 and pyarrow 26 wrote (tests/compat/substrait), read as pipelines. What
// their rows are is tested in tests/foreign_plans_test.py.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <sstream>
#include <string>

#include "skyhook/substrait/foreign/plan.h"
#include "skyhook/testing/matchers.h"

namespace skyhook::substrait {
namespace {

using testing::Require;

std::filesystem::path Samples() {
  return std::filesystem::path(SKYHOOK_SOURCE_DIR) / "tests" / "compat" / "substrait";
}

std::string Content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

std::string TextOf(const std::string& bytes) {
  const auto plan = ReadForeignPlan(bytes);
  return plan.ok() ? plan->ToString() : plan.status().message() + "\n";
}

// plans.txt holds what each sample reads as; SKYHOOK_UPDATE=1 rewrites it.
TEST(ForeignSamples, ReadAsTheseSteps) {
  std::set<std::filesystem::path> samples;
  for (const auto& entry : std::filesystem::directory_iterator(Samples())) {
    if (entry.path().extension() == ".pb") samples.insert(entry.path());
  }
  ASSERT_EQ(samples.size(), 33u);
  std::string text;
  for (const auto& sample : samples) {
    text += "== " + sample.stem().string() + "\n" + TextOf(Content(sample)) + "\n";
  }
  const auto pinned = Samples() / "plans.txt";
  if (std::getenv("SKYHOOK_UPDATE") != nullptr) std::ofstream(pinned) << text;
  EXPECT_EQ(Content(pinned), text);
}

TEST(ForeignSamples, AsJsonSayTheSame) {
  for (const char* name : {"df_q1.opt", "df_filter_project.unopt", "pa_arith", "pa_isin"}) {
    const std::string json = Content(Samples() / (std::string(name) + ".json"));
    const std::string binary = Content(Samples() / (std::string(name) + ".pb"));
    EXPECT_EQ(Require(ReadForeignPlan(json)).ToString(),
              Require(ReadForeignPlan(binary)).ToString())
        << name;
  }
}

TEST(ForeignSamples, CutShortAreErrorsAndNoCrashes) {
  for (const char* name : {"df_q1.opt.pb", "df_semi.opt.pb", "pa_or.pb"}) {
    const std::string bytes = Content(Samples() / name);
    ASSERT_GT(bytes.size(), 100u);
    for (size_t length = 0; length < bytes.size(); ++length) {
      EXPECT_FALSE(ReadForeignPlan(std::string_view(bytes).substr(0, length)).ok() &&
                   length + 40 < bytes.size())
          << name << " of " << length << " bytes";
    }
  }
}

// Whatever they say then, it is read, or refused in words.
TEST(ForeignSamples, WithDamagedBytesDoNoHarm) {
  std::mt19937 chance(20261125);
  int read = 0;
  for (const char* name :
       {"df_q1.unopt.pb", "df_group_by.opt.pb", "df_topn.opt.pb", "pa_arith.pb"}) {
    const std::string bytes = Content(Samples() / name);
    ASSERT_GT(bytes.size(), 100u);
    for (int run = 0; run < 3000; ++run) {
      std::string damaged = bytes;
      for (int flips = 1 + run % 3; flips > 0; --flips) {
        damaged[chance() % damaged.size()] = static_cast<char>(chance());
      }
      const auto plan = ReadForeignPlan(damaged);
      read += plan.ok() ? 1 : 0;
      EXPECT_TRUE(plan.ok() || !plan.status().message().empty());
    }
  }
  EXPECT_GT(read, 100);
}

}  // namespace
}  // namespace skyhook::substrait
