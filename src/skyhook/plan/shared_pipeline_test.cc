#include "skyhook/plan/shared_pipeline.h"

#include <gtest/gtest.h>

#include "skyhook/base/status.h"
#include "skyhook/testing/matchers.h"
#include "skyhook/testing/pipelines.h"

namespace skyhook::plan {
namespace {

using testing::FailsWith;
using testing::Require;

SharedPipeline ReadsN() {
  return testing::ReadAll(*arrow::schema({arrow::field("n", arrow::int64())}));
}

TEST(SharedPipelineTest, IsEncodedOnceForAllItsCopies) {
  int times = 0;
  const auto encode = [&times](const Pipeline& pipeline) -> arrow::Result<std::string> {
    ++times;
    return pipeline.input->field(0)->name() + " encoded";
  };
  const SharedPipeline first = ReadsN();
  const SharedPipeline second = first;
  EXPECT_EQ(&*second, &*first);
  EXPECT_EQ(Require(first.Bytes(encode)), "n encoded");
  EXPECT_EQ(Require(second.Bytes(encode)), "n encoded");
  EXPECT_EQ(times, 1);
  EXPECT_EQ(Require(ReadsN().Bytes(encode)), "n encoded");
  EXPECT_EQ(times, 2) << "another pipeline, although it is equal";
}

TEST(SharedPipelineTest, AFailureToEncodeIsNotKept) {
  const SharedPipeline pipeline = ReadsN();
  const auto fail = [](const Pipeline&) -> arrow::Result<std::string> {
    return base::UnsupportedPlan("cannot be said");
  };
  EXPECT_THAT(pipeline.Bytes(fail), FailsWith(base::Code::kUnsupportedPlan, "cannot be said"));
  const auto encode = [](const Pipeline&) -> arrow::Result<std::string> { return "said"; };
  EXPECT_EQ(Require(pipeline.Bytes(encode)), "said");
}

}  // namespace
}  // namespace skyhook::plan
