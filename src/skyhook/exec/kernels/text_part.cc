// Functions whose results are parts of their first argument.
#include <algorithm>
#include <optional>

#include "skyhook/exec/kernels/text_rows.h"

namespace skyhook::exec {

using arrow::Result;
using plan::Function;

namespace {

// Unicode's category Zs.
constexpr std::string_view kSpaceSeparators =
    " \u00A0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200A\u202F\u205F"
    "\u3000";

// The characters at positions [from, to), counted from 1, as far as the text has them. Positions
// are sums of two 64-bit numbers.
std::string_view Characters(std::string_view text, vector::Int128 from, vector::Int128 to) {
  from = std::max<vector::Int128>(from, 1);
  if (to <= from) return {};
  const auto within = [&](vector::Int128 count) {
    return static_cast<int64_t>(std::min<vector::Int128>(count, static_cast<int64_t>(text.size())));
  };
  const size_t begin = vector::AdvanceCharacters(text, 0, within(from - 1));
  return text.substr(begin, vector::AdvanceCharacters(text, begin, within(to - from)) - begin);
}

// From a position on, at most `count` characters when there is one.
std::string_view Substring(std::string_view text, vector::Int128 position,
                           std::optional<vector::Int128> count) {
  if (position < 0) position += vector::CountCharacters(text) + 1;
  if (!count.has_value()) return Characters(text, position, static_cast<int64_t>(text.size()) + 1);
  return *count < 0 ? Characters(text, position + *count, position)
                    : Characters(text, position, position + *count);
}

std::string_view Left(std::string_view text, vector::Int128 count) {
  if (count < 0) count += vector::CountCharacters(text);
  return Characters(text, 1, 1 + count);
}

std::string_view Right(std::string_view text, vector::Int128 count) {
  const vector::Int128 end = vector::Int128{vector::CountCharacters(text)} + 1;
  return Characters(text, count < 0 ? 1 - count : end - count, end);
}

// A character is one of `characters` where its bytes, none of them the inside of another, occur.
std::string_view Trim(std::string_view text, std::string_view characters, Function function) {
  const auto trims = [&](size_t begin, size_t end) {
    return !vector::IsContinuation(text[begin]) &&
           characters.find(text.substr(begin, end - begin)) != std::string_view::npos;
  };
  size_t begin = 0;
  size_t end = text.size();
  while (function != Function::kTrimRight && begin < end) {
    const size_t next = vector::NextCharacter(text, begin);
    if (!trims(begin, next)) break;
    begin = next;
  }
  while (function != Function::kTrimLeft && end > begin) {
    const size_t previous = vector::PreviousCharacter(text, end);
    if (!trims(previous, end)) break;
    end = previous;
  }
  return text.substr(begin, end - begin);
}

// The end of the part that begins at `at`; it is the text's for the last part only.
size_t PartEnd(std::string_view text, std::string_view separator, size_t at) {
  if (separator.empty()) return vector::AdvanceCharacters(text, at, 1);
  return std::min(vector::FindText(text, separator, at), text.size());
}

std::string_view SplitPart(std::string_view text, std::string_view separator, int64_t number) {
  if (number < 0) {
    const int64_t parts =
        separator.empty() ? vector::CountCharacters(text) : vector::CountText(text, separator) + 1;
    number += parts + 1;
  }
  if (number < 1) return {};
  size_t at = 0;
  while (true) {
    const size_t end = PartEnd(text, separator, at);
    if (--number == 0) return text.substr(at, end - at);
    if (end == text.size()) return {};
    at = end + separator.size();
  }
}

}  // namespace

Result<vector::Column> TextPartKernel(const plan::Expression& call, const Arguments& arguments,
                                      int64_t length) {
  const Function function = call.function();
  const bool has_second = arguments.size() > 1;
  switch (function) {
    case Function::kSubstring:
      return CutRows(arguments, length, [&](int64_t i, std::string_view text) {
        std::optional<vector::Int128> count;
        if (arguments.size() > 2) count = Int64At(arguments[2], i);
        return Substring(text, Int64At(arguments[1], i), count);
      });
    case Function::kLeft:
      return CutRows(arguments, length, [&](int64_t i, std::string_view text) {
        return Left(text, Int64At(arguments[1], i));
      });
    case Function::kRight:
      return CutRows(arguments, length, [&](int64_t i, std::string_view text) {
        return Right(text, Int64At(arguments[1], i));
      });
    case Function::kTrim:
    case Function::kTrimLeft:
    case Function::kTrimRight:
      return CutRows(arguments, length, [&](int64_t i, std::string_view text) {
        return Trim(text, has_second ? arguments[1].TextAt(i) : kSpaceSeparators, function);
      });
    case Function::kSplitPart:
      return CutRows(arguments, length, [&](int64_t i, std::string_view text) {
        return SplitPart(text, arguments[1].TextAt(i), Int64At(arguments[2], i));
      });
    default:
      return NoKernel(call);
  }
}

}  // namespace skyhook::exec
