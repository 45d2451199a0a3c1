#include "skyhook/lending/host/quarantine.h"

#include <gtest/gtest.h>

namespace skyhook::lending {
namespace {

constexpr int64_t kDuration = 1000;
const Suspect kSuspect{"a plan", 100, 1};

TEST(QuarantineTest, TwoStrikesRefuseForAWhile) {
  Quarantine quarantine(kDuration);
  quarantine.Strike(kSuspect, 5000);
  EXPECT_EQ(quarantine.RefusedFor(kSuspect, 5000), 0);
  quarantine.Strike(kSuspect, 5400);
  EXPECT_EQ(quarantine.RefusedFor(kSuspect, 5500), 900);
  EXPECT_EQ(quarantine.RefusedFor({"another plan", 100, 1}, 5500), 0);
  EXPECT_EQ(quarantine.RefusedFor({"a plan", 101, 1}, 5500), 0);
  EXPECT_EQ(quarantine.RefusedFor({"a plan", 100, 2}, 5500), 0);
  EXPECT_EQ(quarantine.RefusedFor(kSuspect, 6400), 0);
}

TEST(QuarantineTest, AStrikeThatIsOlderCountsNoMore) {
  Quarantine quarantine(kDuration);
  quarantine.Strike(kSuspect, 5000);
  quarantine.Strike(kSuspect, 6000);
  EXPECT_EQ(quarantine.RefusedFor(kSuspect, 6001), 0);
  quarantine.Strike(kSuspect, 6999);
  EXPECT_EQ(quarantine.RefusedFor(kSuspect, 6999), kDuration);
}

}  // namespace
}  // namespace skyhook::lending
