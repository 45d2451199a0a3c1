// Any pipeline survives being sent: random ones, and bytes that were damaged on the way.

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "skyhook/substrait/substrait.h"
#include "skyhook/testing/matchers.h"
#include "skyhook/testing/random_pipeline.h"

namespace skyhook::substrait {
namespace {

using base::Code;
using testing::FailsWith;
using testing::IsOk;
using testing::RandomPipeline;
using testing::Require;

void ExpectSame(const std::vector<plan::ExpressionPtr>& a,
                const std::vector<plan::ExpressionPtr>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_TRUE(a[i]->Equals(*b[i])) << a[i]->ToString() << "\nbecame\n" << b[i]->ToString();
  }
}

void ExpectSameReduction(const plan::Pipeline& a, const plan::Pipeline& b) {
  ASSERT_EQ(a.aggregate.has_value(), b.aggregate.has_value());
  ASSERT_EQ(a.top_k.has_value(), b.top_k.has_value());
  ASSERT_EQ(a.limit.has_value(), b.limit.has_value());
  if (a.aggregate.has_value()) {
    EXPECT_EQ(a.aggregate->keys, b.aggregate->keys);
    EXPECT_EQ(a.aggregate->measures, b.aggregate->measures);
  }
  if (a.top_k.has_value()) {
    EXPECT_EQ(a.top_k->keys, b.top_k->keys);
    EXPECT_EQ(a.top_k->limit, b.top_k->limit);
  }
  if (a.limit.has_value()) {
    EXPECT_EQ(a.limit->limit, b.limit->limit);
  }
}

void ExpectSame(const plan::Pipeline& a, const plan::Pipeline& b) {
  EXPECT_TRUE(a.input->Equals(*b.input)) << a.input->ToString() << "\n" << b.input->ToString();
  ExpectSame(a.filter, b.filter);
  ASSERT_EQ(a.projection.size(), b.projection.size());
  std::vector<plan::ExpressionPtr> before, after;
  for (size_t i = 0; i < a.projection.size(); ++i) {
    EXPECT_EQ(a.projection[i].name, b.projection[i].name);
    before.push_back(a.projection[i].expression);
    after.push_back(b.projection[i].expression);
  }
  ExpectSame(before, after);
  ExpectSameReduction(a, b);
}

TEST(SubstraitPropertyTest, EveryPipelineComesBackAsItWas) {
  for (uint32_t seed = 0; seed < 400 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const auto pipeline = RandomPipeline(seed);
    ASSERT_THAT(plan::Validate(pipeline), IsOk());
    const auto bytes = Require(ToSubstrait(pipeline));
    ExpectSame(pipeline, Require(FromSubstrait(bytes)));
    EXPECT_EQ(bytes, Require(ToSubstrait(pipeline)));
    EXPECT_THAT(ToSubstraitJson(pipeline), IsOk());
  }
}

// Damaged bytes give an error, or a pipeline that is valid; anything else is for the sanitizers.
void ExpectSafe(const std::string& bytes) {
  const auto pipeline = FromSubstrait(bytes);
  if (pipeline.ok()) {
    EXPECT_THAT(plan::Validate(*pipeline), IsOk());
  }
}

TEST(SubstraitPropertyTest, DamagedBytesAreSafe) {
  std::mt19937 random(1);
  for (uint32_t seed = 0; seed < 40; ++seed) {
    const std::string bytes = Require(ToSubstrait(RandomPipeline(seed)));
    for (int round = 0; round < 50; ++round) {
      std::string damaged = bytes;
      for (int flips = 1 + static_cast<int>(random() % 4); flips > 0; --flips) {
        damaged[random() % damaged.size()] = static_cast<char>(random());
      }
      ExpectSafe(damaged);
      ExpectSafe(bytes.substr(0, random() % bytes.size()));
    }
  }
}

// A field of a message: number and length before the payload.
std::string Wrapped(int field, const std::string& payload) {
  std::string out(1, static_cast<char>(field << 3 | 2));
  size_t length = payload.size();
  for (; length >= 0x80; length >>= 7) out += static_cast<char>(length | 0x80);
  return out + static_cast<char>(length) + payload;
}

TEST(SubstraitPropertyTest, RelationsNestedTooDeepAreRefused) {
  std::string rel;
  for (int i = 0; i < 2000; ++i) rel = Wrapped(2, Wrapped(2, rel));
  EXPECT_THAT(FromSubstrait(Wrapped(3, Wrapped(2, Wrapped(1, rel)))),
              FailsWith(Code::kCorruptData, "are no Substrait plan"));
}

TEST(SubstraitPropertyTest, BytesOfSomethingElseAreRefused) {
  EXPECT_THAT(FromSubstrait("PAR1, surely no plan"), FailsWith(Code::kCorruptData, "20 bytes"));
  EXPECT_THAT(FromSubstrait(""), FailsWith(Code::kUnsupportedPlan, "a plan of 0 relations"));
}

TEST(SubstraitPropertyTest, FieldsThatAreNotUnderstoodAreNamed) {
  EXPECT_THAT(FromSubstrait(Wrapped(15, "new")),
              FailsWith(Code::kUnsupportedPlan, "substrait.Plan: field number 15"));
  EXPECT_THAT(FromSubstrait(Wrapped(5, "url")),
              FailsWith(Code::kUnsupportedPlan, "field 'expected_type_urls'"));
  const std::string read_with_join = Wrapped(3, Wrapped(2, Wrapped(1, Wrapped(6, ""))));
  EXPECT_THAT(FromSubstrait(read_with_join), FailsWith(Code::kUnsupportedPlan, "field 'join'"));
}

}  // namespace
}  // namespace skyhook::substrait
