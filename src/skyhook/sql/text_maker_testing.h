// Texts that casts like to get wrong: numbers, dates and times, and changes of them.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

#include "skyhook/sql/value_maker_testing.h"

namespace skyhook::sql {

class TextMaker : public ValueMaker {
 public:
  using ValueMaker::ValueMaker;

  /// The texts between the bars.
  static std::vector<std::string> Alternatives(std::string_view joined) {
    std::vector<std::string> texts(1);
    for (const char c : joined) {
      if (c == '|') {
        texts.emplace_back();
      } else {
        texts.back() += c;
      }
    }
    return texts;
  }

  /// One to three changes of single characters.
  std::string Mutated(std::string text) {
    static constexpr std::string_view kCharacters = "0123456789+-._eE:/ TZx\t'n(";
    for (int left = Below(3); left >= 0; --left) {
      const auto at = static_cast<size_t>(Below(static_cast<int>(text.size()) + 1));
      const char c = kCharacters[static_cast<size_t>(Below(kCharacters.size()))];
      const int kind = Below(3);
      if (kind == 0 || at == text.size()) {
        text.insert(at, 1, c);
      } else if (kind == 1) {
        text.erase(at, 1);
      } else {
        text[at] = c;
      }
    }
    return text;
  }

  std::string Digits(int most) {
    std::string digits;
    for (int left = Below(most + 1); left > 0; --left) {
      digits += static_cast<char>('0' + Below(10));
      if (Below(12) == 0) digits += '_';
    }
    return digits;
  }

  std::string NumberText() {
    const auto special = Alternatives(
        "| |-|+|.|- |1e |-0|-00|0x7F|0x80|0xff_ff|0b101|0x|1e1|1E-1|15e-1|5e-3|1.5e400|"
        "1e32767|1e32768|0e-32768|1e2.|1e2.0|127.5|127.4999999999999999999999|-128.5|"
        "2147483647.5|9223372036854775807.4|9223372036854775807|9223372036854775808|"
        "-9223372036854775808|18446744073709551615|5.9000000000000000000e0|1.9000000000000000000e1|"
        " 5");
    switch (Below(8)) {
      case 0:
        return OneOf(special);
      case 1:
        return Mutated(OneOf(special));
      case 2:
        return std::to_string(Integer<int64_t>());
      case 3:
        return std::to_string(Integer<int8_t>());
      default:
        break;
    }
    std::string text = OneOf(Alternatives("||-|+| |-0")) + Digits(6);
    if (Below(2) == 0) text += "." + Digits(Below(2) == 0 ? 3 : 22);
    if (Below(2) == 0) {
      text += OneOf(Alternatives("e|E|e-|e+")) + Digits(2);
    }
    return text + OneOf(Alternatives("||| |x"));
  }

  std::string DateText() {
    const auto special = Alternatives(
        "epoch|infinity|-infinity|inf|-inf|Infinity |infx|infinityx|epoch x|2024-02-29|"
        "2023-02-29|2024-2-9|2024/02/03|2024\\2\\3|2024 2 3|2024-02/03|-0044-03-15|"
        "0044-03-15 (BC)|44-3-15 (bc)|0000-01-01|0000-01-01 (BC)|5881580-07-10|5881580-07-11|"
        "5877642-06-25 (BC)|5877642-06-24 (BC)|-5877641-06-25|100000000-01-01|1000000000-01-01|"
        "2024-02-29x|2024-02-299| 2024-02-29 || |-|1-1-1|2024-13-01|2024-00-10|2024-1-");
    const std::string text = Below(2) == 0
                                 ? OneOf(special)
                                 : fmt::format("{}-{:02}-{}", Below(3000), Below(13), Below(32));
    return Below(3) == 0 ? Mutated(text) : text;
  }

  std::string TimeText() {
    const auto special = Alternatives(
        "24:00:00|24:00:00.000001|23:59:59.9999999|1:2:3|1:2|1:|12|12:00:60|12:60|12:00:00.|"
        "000000012:00:00|0000000012:00:00|999999999:00:00|12:00:00.123456789123| 12:00|"
        "12:00 x|12:00:00Z|12:00:00+02|12:00x");
    const std::string text = Below(2) == 0 ? OneOf(special)
                                           : fmt::format("{:02}:{:02}:{:02}.{}", Below(25),
                                                         Below(61), Below(61), Bits() >> Below(64));
    return Below(3) == 0 ? Mutated(text) : text;
  }

  std::string TimestampText() {
    const auto special = Alternatives(
        "294247-01-10 04:00:54.775807|294247-01-10 04:00:54.775806|290309-12-22 (BC) 00:00:00|"
        "290309-12-21 (BC) 23:59:59|2262-04-11 23:47:16.854775807|2262-04-11 23:47:16.854775806|"
        "1677-09-21 00:12:43.145224193|1677-09-22 00:00:00|1677-09-21 00:12:43.145224194|"
        "2024-02-29T12:00:00Z|2024-02-29  12:00:00  ");
    if (Below(4) == 0) return OneOf(special);
    const std::string zone =
        OneOf(Alternatives("|||Z| Z|+02|-0230|+02:30|-02:30:15|+2|+02:|+02:3|+02:30:1| UTC| utc| "
                           "utc | Europe/Berlin| |UTC|+99:99:99| +02"));
    const std::string between = OneOf(Alternatives(" |T||  |t"));
    const std::string text = DateText() + between + TimeText() + zone;
    return Below(4) == 0 ? Mutated(text) : text;
  }
};

}  // namespace skyhook::sql
