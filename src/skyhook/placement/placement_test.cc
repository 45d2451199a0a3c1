#include "skyhook/placement/placement.h"

#include <arrow/scalar.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "skyhook/testing/fake_sites.h"
#include "skyhook/testing/matchers.h"
#include "skyhook/testing/pipelines.h"

namespace skyhook::placement {
namespace {

using plan::ExpressionPtr;
using plan::Function;
using ::testing::AnyOf;
using ::testing::DoubleEq;
using ::testing::DoubleNear;
using ::testing::ElementsAre;
using testing::FailsWith;
using testing::Fn;
using ::testing::IsEmpty;
using testing::Lit;
using ::testing::Optional;
using testing::Require;

constexpr int64_t kRows = 1000;

/// Bounds of a column without NULL.
plan::ColumnStatistics Between(const std::shared_ptr<arrow::Scalar>& min,
                               const std::shared_ptr<arrow::Scalar>& max) {
  plan::ColumnStatistics statistics;
  statistics.num_rows = kRows;
  statistics.null_count = 0;
  statistics.min = min;
  statistics.max = max;
  statistics.may_have_nan = false;
  return statistics;
}

/// Columns x from 0 to 100, d from 0.0 to 1.0, t of text; z of which nothing is known.
class PlacementTest : public ::testing::Test {
 protected:
  static ColumnFacts FactsOf(int column) {
    switch (column) {
      case 0:
        return {Between(arrow::MakeScalar(int64_t{0}), arrow::MakeScalar(int64_t{100})), 1000};
      case 1:
        return {Between(arrow::MakeScalar(0.0), arrow::MakeScalar(1.0)), 4000};
      case 2:
        return {Between(arrow::MakeScalar("a"), arrow::MakeScalar("z")), 20000};
      default:
        return {};
    }
  }
  static std::optional<plan::ColumnStatistics> StatisticsOf(int column) {
    return FactsOf(column).statistics;
  }

  ExpressionPtr Col(const std::string& name) const { return testing::Col(pipeline_, name); }
  ExpressionPtr Is(Function function, const std::string& column, int64_t value) const {
    return Fn(function, {Col(column), Lit(value)});
  }
  static double Selectivity(const ExpressionPtr& predicate) {
    return SelectivityOf(*predicate, StatisticsOf);
  }
  Estimate EstimateNow(int64_t rows = kRows, int64_t bytes = 1 << 20) const {
    return EstimateOf(pipeline_, rows, bytes, FactsOf);
  }
  void Project(const std::vector<std::string>& columns) {
    pipeline_.projection.clear();
    for (const auto& name : columns) pipeline_.projection.push_back({name, Col(name)});
  }

  plan::Pipeline pipeline_ = testing::ReadAll(
      *arrow::schema({arrow::field("x", arrow::int64()), arrow::field("d", arrow::float64()),
                      arrow::field("t", arrow::utf8()), arrow::field("z", arrow::int64())}));
};

TEST(ModeTest, HasANameEach) {
  for (const Mode mode : {Mode::kAuto, Mode::kPush, Mode::kPull}) {
    EXPECT_EQ(Require(ParseMode(ModeName(mode))), mode);
  }
  EXPECT_THAT(ParseMode("here"),
              FailsWith(arrow::StatusCode::Invalid,
                        "'here' is no placement; there are auto, push and pull"));
  EXPECT_THAT(ParseMode(""), FailsWith(arrow::StatusCode::Invalid, "''"));
}

TEST_F(PlacementTest, RangesKeepTheirShareOfTheBounds) {
  EXPECT_THAT(Selectivity(Is(Function::kLess, "x", 25)), DoubleEq(0.25));
  EXPECT_THAT(Selectivity(Is(Function::kLessEqual, "x", 25)), DoubleEq(0.26));
  EXPECT_THAT(Selectivity(Is(Function::kGreater, "x", 25)), DoubleEq(0.74));
  EXPECT_THAT(Selectivity(Is(Function::kGreaterEqual, "x", 25)), DoubleEq(0.75));
  EXPECT_THAT(Selectivity(Is(Function::kEqual, "x", 25)), DoubleEq(0.01));
  EXPECT_THAT(Selectivity(Is(Function::kNotEqual, "x", 25)), DoubleEq(0.99));
  EXPECT_THAT(Selectivity(Fn(Function::kLess, {Col("d"), Lit(arrow::MakeScalar(0.5))})),
              DoubleEq(0.5));
}

TEST_F(PlacementTest, ALiteralMayStandFirst) {
  EXPECT_THAT(Selectivity(Fn(Function::kGreater, {Lit(25), Col("x")})), DoubleEq(0.25));
  EXPECT_THAT(Selectivity(Fn(Function::kLessEqual, {Lit(25), Col("x")})), DoubleEq(0.75));
  EXPECT_THAT(Selectivity(Fn(Function::kLess, {Lit(25), Col("x")})), DoubleEq(0.74));
  EXPECT_THAT(Selectivity(Fn(Function::kGreaterEqual, {Lit(25), Col("x")})), DoubleEq(0.26));
  EXPECT_THAT(Selectivity(Fn(Function::kEqual, {Lit(25), Col("x")})), DoubleEq(0.01));
}

TEST_F(PlacementTest, OutsideTheBoundsItIsAllOrNothing) {
  for (const int64_t value : {-5, 500}) {
    const double below = value > 100 ? 1 : 0;
    EXPECT_THAT(Selectivity(Is(Function::kLess, "x", value)), DoubleEq(below));
    EXPECT_THAT(Selectivity(Is(Function::kGreaterEqual, "x", value)), DoubleEq(1 - below));
    EXPECT_THAT(Selectivity(Is(Function::kEqual, "x", value)), DoubleEq(0));
  }
}

TEST_F(PlacementTest, DatesAndDecimalsHavePositions) {
  const auto share = [](const std::shared_ptr<arrow::Scalar>& min,
                        const std::shared_ptr<arrow::Scalar>& max,
                        const std::shared_ptr<arrow::Scalar>& value) {
    const auto literal = Lit(value);
    const auto less = Fn(Function::kLess, {plan::InputColumn(0, literal->type()), literal});
    return SelectivityOf(*less, [&](int) { return Between(min, max); });
  };
  const auto day = [](int days) { return std::make_shared<arrow::Date32Scalar>(days); };
  EXPECT_THAT(share(day(10'000), day(10'100), day(10'010)), DoubleEq(0.1));
  const auto cents = [](int64_t value) {
    return std::make_shared<arrow::Decimal64Scalar>(arrow::Decimal64(value),
                                                    arrow::decimal64(15, 2));
  };
  EXPECT_THAT(share(cents(0), cents(10), cents(5)), DoubleEq(0.5));
}

TEST_F(PlacementTest, WhereNothingIsKnownEveryFifthRowIsKept) {
  EXPECT_THAT(Selectivity(Is(Function::kLess, "z", 25)), DoubleEq(0.2));
  EXPECT_THAT(Selectivity(Fn(Function::kLess, {Col("t"), Lit(std::string("b"))})), DoubleEq(0.2))
      << "text has no positions";
  EXPECT_THAT(Selectivity(Fn(Function::kLess, {Col("x"), Col("z")})), DoubleEq(0.2));
  EXPECT_THAT(Selectivity(plan::BoolLiteral(true)), DoubleEq(0.2));
}

TEST_F(PlacementTest, PredicatesAreIndependent) {
  const auto half = Is(Function::kLess, "x", 50);
  const auto tenth = Fn(Function::kLess, {Col("d"), Lit(arrow::MakeScalar(0.1))});
  EXPECT_THAT(Selectivity(Require(plan::And({half, tenth}))), DoubleEq(0.05));
  EXPECT_THAT(Selectivity(Require(plan::Or({half, tenth}))), DoubleEq(0.55));
  EXPECT_THAT(Selectivity(Fn(Function::kNot, {tenth})), DoubleEq(0.9));
  EXPECT_THAT(Selectivity(Fn(Function::kIn, {Col("x"), Lit(1), Lit(2), Lit(500)})),
              DoubleNear(0.02, 1e-9));
}

TEST_F(PlacementTest, BoundsOfOneColumnLeaveWhatLiesBetween) {
  const auto from = Is(Function::kGreaterEqual, "x", 40);
  const auto to = Is(Function::kLess, "x", 50);
  EXPECT_THAT(Selectivity(Require(plan::And({from, to}))), DoubleNear(0.1, 1e-9));
  EXPECT_THAT(Selectivity(Require(plan::And({to, from, Is(Function::kLess, "x", 45)}))),
              DoubleNear(0.05, 1e-9));
  EXPECT_THAT(Selectivity(Require(plan::And({from, Is(Function::kLess, "x", 30)}))), DoubleEq(0));
  EXPECT_THAT(Selectivity(Require(
                  plan::Or({Is(Function::kLess, "x", 40), Is(Function::kGreaterEqual, "x", 50)}))),
              DoubleNear(0.9, 1e-9));
  EXPECT_THAT(Selectivity(Require(plan::Or({from, Is(Function::kLess, "x", 60)}))), DoubleEq(1));
  // In a filter they may stand apart, or within one AND.
  pipeline_.filter = {from, to};
  const double apart = EstimateOf(pipeline_, kRows, 1'000'000, FactsOf).pushed;
  pipeline_.filter = {Require(plan::And({from, to}))};
  EXPECT_THAT(EstimateOf(pipeline_, kRows, 1'000'000, FactsOf).pushed, DoubleEq(apart));
  pipeline_.filter = {Is(Function::kLess, "x", 10)};
  EXPECT_THAT(EstimateOf(pipeline_, kRows, 1'000'000, FactsOf).pushed, DoubleNear(apart, 1e-9));
}

TEST_F(PlacementTest, NullsAreCounted) {
  plan::ColumnStatistics some = Between(nullptr, nullptr);
  some.null_count = 250;
  const auto lookup = [&](int) { return some; };
  EXPECT_THAT(SelectivityOf(*Fn(Function::kIsNull, {Col("x")}), lookup), DoubleEq(0.25));
  EXPECT_THAT(SelectivityOf(*Fn(Function::kIsNotNull, {Col("x")}), lookup), DoubleEq(0.75));
  some.null_count.reset();
  EXPECT_THAT(SelectivityOf(*Fn(Function::kIsNull, {Col("x")}), lookup), DoubleEq(0.2));
}

TEST_F(PlacementTest, WhatIsPulledIsStoredColumnsAndWhatIsPushedIsRowsThatAreLeft) {
  Project({"x"});
  pipeline_.filter = {Is(Function::kLess, "x", 10),
                      Fn(Function::kLess, {Col("d"), Lit(arrow::MakeScalar(0.5))})};
  const Estimate estimate = EstimateNow();
  EXPECT_THAT(estimate.pulled, DoubleEq(5)) << "one byte of x and four of d";
  EXPECT_GT(estimate.row_bytes, 1) << "a reply is not compressed as well";
  EXPECT_LT(estimate.row_bytes, 5);
  EXPECT_THAT(estimate.pushed, DoubleEq(estimate.row_bytes * 0.05));
}

TEST_F(PlacementTest, NothingMoreThanTheFragmentIsPulled) {
  EXPECT_THAT(EstimateNow(kRows, 3000).pulled, DoubleEq(3));
  EXPECT_THAT(EstimateNow().pulled, DoubleEq(1 + 4 + 20 + 8)) << "8 where nothing is known";
}

TEST_F(PlacementTest, AggregatesAndLimitsReturnLittle) {
  const Estimate all = EstimateNow();
  pipeline_.limit = plan::Limit{10};
  EXPECT_THAT(EstimateNow().pushed, DoubleNear(all.pushed / 100, 1e-9));
  pipeline_.limit.reset();
  pipeline_.top_k = plan::TopK{{{0}}, 10};
  EXPECT_THAT(EstimateNow().pushed, DoubleNear(all.pushed / 100, 1e-9));
  pipeline_.top_k->limit = 10 * kRows;
  EXPECT_THAT(EstimateNow().pushed, DoubleEq(all.pushed));
  pipeline_.top_k.reset();
  pipeline_.aggregate = plan::Aggregate{{}, {plan::Measure{}}};
  EXPECT_LT(EstimateNow().pushed, all.pushed / 1000);
}

/// Remote, or here.
class NamedSite : public testing::ForwardingSite {
 public:
  explicit NamedSite(bool remote = true) : ForwardingSite(nullptr) { profile_.remote = remote; }
  const site::Profile& profile() const override { return profile_; }

 private:
  site::Profile profile_;
};

const NamedSite kSite;

/// A site that runs pipelines, and whose bytes are handed out.
std::vector<Candidate> BothOffers(const Estimate& estimate, const site::Site* site = &kSite) {
  return {{site, Offer::kPipelines, estimate}, {site, Offer::kBytes, estimate}};
}

Learnt LearntOf(const Pushed& pushed, const Pulled& pulled = {}) {
  Learnt learnt;
  learnt.Add(&kSite, pushed);
  learnt.Add(pulled);
  return learnt;
}

/// Whether the site is asked to run the pipeline first.
bool IsPushed(Mode mode, const Estimate& estimate, Learnt learnt = {}) {
  const auto order = learnt.Order(mode, BothOffers(estimate), Progress{kRows});
  EXPECT_THAT(order, AnyOf(ElementsAre(0, 1), ElementsAre(1))) << "the bytes are always there";
  return order.front() == 0;
}

TEST_F(PlacementTest, AFragmentWithoutRowsIsPushed) {
  const Estimate estimate = EstimateNow(0, 0);
  EXPECT_THAT(estimate.pushed, DoubleEq(0));
  EXPECT_TRUE(IsPushed(Mode::kAuto, estimate));
}

TEST_F(PlacementTest, AutoTakesTheSmaller) {
  EXPECT_FALSE(IsPushed(Mode::kAuto, EstimateNow())) << "all rows of all columns";
  pipeline_.filter = {Is(Function::kLess, "x", 10)};
  EXPECT_TRUE(IsPushed(Mode::kAuto, EstimateNow()));
}

TEST(OrderTest, WhoSaysSoIsObeyed) {
  const Estimate better_pulled{.pushed = 100, .pulled = 1, .row_bytes = 100};
  EXPECT_TRUE(IsPushed(Mode::kPush, better_pulled, LearntOf({.rows = 10, .reply_bytes = 10'000})));
  EXPECT_FALSE(IsPushed(Mode::kPull, {.pushed = 0, .pulled = 100, .row_bytes = 0}));
  EXPECT_FALSE(IsPushed(Mode::kAuto, better_pulled));
}

TEST(OrderTest, RepliesOverruleTheEstimate) {
  const Estimate estimate{.pushed = 1, .pulled = 10, .row_bytes = 20};
  EXPECT_TRUE(IsPushed(Mode::kAuto, estimate));
  EXPECT_TRUE(IsPushed(Mode::kAuto, estimate, LearntOf({.rows = 100, .reply_bytes = 600})));
  EXPECT_FALSE(IsPushed(Mode::kAuto, estimate, LearntOf({.rows = 100, .reply_bytes = 601})));
}

TEST(OrderTest, WhatWasPulledTellsWhatAReplyWouldHold) {
  const Estimate estimate{.pushed = 20, .pulled = 10, .row_bytes = 20};
  EXPECT_FALSE(IsPushed(Mode::kAuto, estimate));
  // One row of ten is left: a reply would hold two bytes a row, and ten were read.
  Pulled pulled{.rows = 1000, .rows_out = 100, .read_bytes = 10'000};
  EXPECT_TRUE(IsPushed(Mode::kAuto, estimate, LearntOf({}, pulled)));
  pulled.rows_out = 600;
  EXPECT_FALSE(IsPushed(Mode::kAuto, estimate, LearntOf({}, pulled)));
  pulled.rows_out = 100;
  pulled.read_bytes = 1000;
  EXPECT_FALSE(IsPushed(Mode::kAuto, estimate, LearntOf({}, pulled))) << "pages were skipped";
}

TEST(OrderTest, RepliesCountMoreThanWhatWasPulled) {
  const Estimate estimate{.pushed = 1, .pulled = 10, .row_bytes = 20};
  EXPECT_FALSE(IsPushed(Mode::kAuto, estimate,
                        LearntOf({.rows = 100, .reply_bytes = 1100},
                                 {.rows = 100, .rows_out = 1, .read_bytes = 1000})));
}

TEST(OrderTest, RepliesOfOneSiteSayNothingOfAnother) {
  const NamedSite device;
  const Estimate some{.pushed = 5, .pulled = 10, .row_bytes = 20};
  const Estimate groups{.pushed = 0.01, .pulled = 10, .row_bytes = 20};
  const std::vector<Candidate> candidates = {{&device, Offer::kPipelines, some},
                                             {&kSite, Offer::kPipelines, groups},
                                             {&kSite, Offer::kBytes, groups}};
  Learnt learnt;
  EXPECT_THAT(learnt.Order(Mode::kAuto, candidates, Progress{kRows}), ElementsAre(0, 1, 2));
  learnt.Add(&device, {.rows = 100, .reply_bytes = 5000});
  EXPECT_THAT(learnt.Order(Mode::kAuto, candidates, Progress{kRows}), ElementsAre(1, 2));
}

TEST(OrderTest, NearerSitesAreAskedInTheirOrderAndTheBytesAreTheLastResort) {
  const NamedSite device;
  const NamedSite daemon;
  const Estimate cheap{.pushed = 1, .pulled = 10, .row_bytes = 1};
  const Estimate dear{.pushed = 100, .pulled = 10, .row_bytes = 100};
  const std::vector<Candidate> candidates = {{&device, Offer::kPipelines, dear},
                                             {&daemon, Offer::kPipelines, cheap},
                                             {&kSite, Offer::kPipelines, cheap},
                                             {&kSite, Offer::kBytes, cheap}};
  Learnt learnt;
  EXPECT_THAT(learnt.Order(Mode::kPush, candidates, Progress{kRows}), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(learnt.Order(Mode::kAuto, candidates, Progress{kRows}), ElementsAre(1, 2, 3))
      << "the device's part of the pipeline gives too much";
  EXPECT_THAT(learnt.Order(Mode::kPull, candidates, Progress{kRows}), ElementsAre(3));
}

TEST(OrderTest, AFileOfThisMachineIsScannedByItsSite) {
  const NamedSite here(/*remote=*/false);
  Learnt learnt;
  for (const Mode mode : {Mode::kAuto, Mode::kPush, Mode::kPull}) {
    EXPECT_THAT(learnt.Order(mode, BothOffers({.pushed = 9, .pulled = 1}, &here), Progress{kRows}),
                ElementsAre(0, 1));
  }
}

TEST(OrderTest, WithoutBytesOnOfferTheSiteIsAsked) {
  const std::vector<Candidate> only = {{&kSite, Offer::kPipelines, {.pushed = 9}}};
  Learnt learnt;
  EXPECT_THAT(learnt.Order(Mode::kPull, only, Progress{kRows}), ElementsAre(0));
  EXPECT_THAT(learnt.Order(Mode::kAuto, {}, Progress{kRows}), IsEmpty());
}

TEST(RatesTest, SayWhatWasMeasuredLately) {
  const NamedSite other;
  Rates rates;
  EXPECT_EQ(rates.Of(&kSite, Offer::kBytes), std::nullopt);
  rates.Add(&kSite, Offer::kBytes, 1000, Rates::kLeastSeconds / 2);
  EXPECT_EQ(rates.Of(&kSite, Offer::kBytes), std::nullopt) << "too little";
  EXPECT_TRUE(rates.ClaimTrial(&kSite, Offer::kBytes)) << "what is little is not forgotten";
  rates.Add(&kSite, Offer::kBytes, 1000, Rates::kLeastSeconds / 2);
  EXPECT_THAT(rates.Of(&kSite, Offer::kBytes), Optional(DoubleEq(2000 / Rates::kLeastSeconds)));
  EXPECT_EQ(rates.Of(&kSite, Offer::kPipelines), std::nullopt);
  EXPECT_EQ(rates.Of(&other, Offer::kBytes), std::nullopt);
  for (int i = 0; i < 50; ++i) rates.Add(&kSite, Offer::kBytes, 10, 1);
  EXPECT_THAT(rates.Of(&kSite, Offer::kBytes), Optional(DoubleNear(10, 1e-1)))
      << "what was before counts less and less";
}

TEST(RatesTest, ATrialTakesThePlaceOfWhatWasKnown) {
  Rates rates;
  for (const Offer offer : {Offer::kBytes, Offer::kPipelines}) {
    rates.Add(&kSite, offer, 1000, 1);
    EXPECT_TRUE(rates.ClaimTrial(&kSite, offer));
    EXPECT_THAT(rates.Of(&kSite, offer), Optional(DoubleEq(1000))) << "not known anew yet";
    rates.Add(&kSite, offer, 100, 0.25);
    // One call is slower than several at a time; of bytes it says all.
    EXPECT_THAT(rates.Of(&kSite, offer),
                Optional(DoubleEq(offer == Offer::kPipelines ? 1000 : 400)));
    rates.Add(&kSite, offer, 100, 0.25);
    EXPECT_THAT(rates.Of(&kSite, offer), Optional(DoubleEq(400)));
    EXPECT_TRUE(rates.ClaimTrial(&kSite, offer));
    rates.Add(&kSite, offer, 500, 0.25);
    EXPECT_THAT(rates.Of(&kSite, offer), Optional(DoubleEq(2000))) << "faster";
  }
}

/// Of a scan of which 10 bytes a row are pulled, and next to none if it is pushed.
class TimedOrderTest : public ::testing::Test {
 protected:
  bool IsPushed(int64_t rows_left, Mode mode = Mode::kAuto, bool is_first = true) {
    Learnt learnt(rates_);
    const Estimate estimate{.pushed = 0.1, .pulled = 10, .row_bytes = 1};
    const Progress progress{rows_left, is_first};
    const bool pushed = learnt.Order(mode, BothOffers(estimate), progress).front() == 0;
    is_trial_ = learnt.is_trial();
    EXPECT_EQ(learnt.left_out_for_speed(), !pushed && mode == Mode::kAuto);
    return pushed;
  }

  static constexpr int64_t kMany = 1'000'000'000;
  bool is_trial_ = false;
  std::shared_ptr<Rates> rates_ = std::make_shared<Rates>();
};

TEST_F(TimedOrderTest, BytesTellUntilSomethingWasMeasured) {
  EXPECT_TRUE(IsPushed(kMany));
  rates_->Add(&kSite, Offer::kBytes, 1'000'000, 1);
  EXPECT_TRUE(IsPushed(kMany)) << "replies will tell";
}

TEST_F(TimedOrderTest, WhatIsClearlyFasterHereIsPulled) {
  rates_->Add(&kSite, Offer::kPipelines, 1000, 1);
  rates_->Add(&kSite, Offer::kBytes, 1240, 1);
  EXPECT_TRUE(IsPushed(1)) << "a little faster";
  rates_->Add(&kSite, Offer::kBytes, 1280, 1);
  EXPECT_TRUE(IsPushed(kMany, Mode::kPush)) << "who says so is obeyed";
  EXPECT_FALSE(IsPushed(kMany, Mode::kAuto, /*is_first=*/false));
  // Now and then it is tried whether that is still so.
  for (const int passes : {0, 0, 1, 2, 4, 8, 16, 16}) {
    for (int i = 0; i < passes; ++i) EXPECT_FALSE(IsPushed(kMany)) << passes;
    EXPECT_FALSE(is_trial_);
    EXPECT_TRUE(IsPushed(kMany)) << passes;
    EXPECT_TRUE(is_trial_);
    EXPECT_FALSE(IsPushed(kMany, Mode::kAuto, /*is_first=*/false)) << "not known anew yet";
  }
  rates_->Add(&kSite, Offer::kPipelines, 2000, 1);
  EXPECT_TRUE(IsPushed(1)) << "the last trial counts, not what was before";
  EXPECT_FALSE(is_trial_);
}

TEST_F(TimedOrderTest, OneFragmentTellsWhatPullingTakesWhereAScanWouldGain) {
  rates_->Add(&kSite, Offer::kPipelines, 1'000'000, 1);
  EXPECT_TRUE(IsPushed(49'000)) << "10 bytes a row: less than half a second";
  EXPECT_FALSE(is_trial_);
  EXPECT_TRUE(IsPushed(51'000, Mode::kAuto, /*is_first=*/false)) << "others would slow it down";
  EXPECT_FALSE(IsPushed(51'000));
  EXPECT_TRUE(is_trial_);
  rates_->Add(&kSite, Offer::kBytes, 1'000'000, 1);
  EXPECT_FALSE(IsPushed(51'000)) << "the first bytes take long";
  EXPECT_TRUE(IsPushed(51'000));
  EXPECT_FALSE(IsPushed(51'000));
}

TEST(OrderTest, ASiteThatRefusesIsAskedNowAndThen) {
  const Estimate cheap{.pushed = 1, .pulled = 10, .row_bytes = 1};
  const NamedSite other;
  Learnt learnt;
  const auto asks = [&](Mode mode, const site::Site* site = &kSite) {
    return learnt.Order(mode, BothOffers(cheap, site), Progress{kRows}).front() == 0;
  };
  for (int i = 0; i < Learnt::kMostRefusals; ++i) {
    EXPECT_TRUE(asks(Mode::kAuto)) << i;
    learnt.Refused(&kSite);
  }
  EXPECT_TRUE(asks(Mode::kAuto, &other)) << "the other one has refused nothing";
  EXPECT_TRUE(asks(Mode::kPush)) << "who says so is obeyed";
  int asked = 0;
  for (int i = 0; i < 3 * Learnt::kAskAgain; ++i) asked += asks(Mode::kAuto) ? 1 : 0;
  EXPECT_EQ(asked, 3);
  learnt.Answered(&kSite);
  EXPECT_TRUE(asks(Mode::kAuto));
}

}  // namespace
}  // namespace skyhook::placement
