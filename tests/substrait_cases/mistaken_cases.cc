#include "tests/substrait_cases/mistaken_cases.h"

#include <array>
#include <string_view>

namespace skyhook::cases {
namespace {

struct Mistake {
  std::string_view line;  ///< how the case begins
  std::string_view why;
};

constexpr std::array kMistakes = {
    Mistake{"shift_left(301989888::i64, 8::i32) =", "301989888 * 2^8 is 77309411328"},
    Mistake{"((-5.0), (-3.0), (-1.0), (1.0), (3.0), (5.0)) std_dev(SAMPLE::enum, col0::fp32) =",
            "the squares add up to 70, and sqrt(70 / 5) is 3.7416574"},
    Mistake{"((-5.0), (-3.0), (-1.0), (1.0), (3.0), (5.0)) std_dev(SAMPLE::enum, col0::fp64) =",
            "the squares add up to 70, and sqrt(70 / 5) is 3.7416573867739413"},
    Mistake{"((1.1), (2.2), (3.3), (4.4), (5.5)) std_dev(SAMPLE::enum, col0::fp32)",
            "the squared deviations add up to 12.1, and sqrt(12.1 / 4) is 1.7392527"},
    Mistake{"((1.1), (2.2), (3.3), (4.4), (5.5)) std_dev(SAMPLE::enum, col0::fp64)",
            "the squared deviations add up to 12.1, and sqrt(12.1 / 4) is 1.7392527130926086"},
    Mistake{"((0.0), (100.0), (50.0), (25.0), (75.0)) std_dev(SAMPLE::enum, col0::fp32) =",
            "the squared deviations add up to 6250, and sqrt(6250 / 4) is 39.52847"},
    Mistake{"((0.0), (100.0), (50.0), (25.0), (75.0)) std_dev(POPULATION::enum, col0::fp64) =",
            "the squared deviations add up to 6250, and sqrt(6250 / 5) is 35.35533905932738"},
};

}  // namespace

std::string MistakeIn(const std::string& line) {
  for (const Mistake& mistake : kMistakes) {
    if (line.starts_with(mistake.line)) {
      return "its expected value is mistaken: " + std::string(mistake.why);
    }
  }
  return "";
}

}  // namespace skyhook::cases
