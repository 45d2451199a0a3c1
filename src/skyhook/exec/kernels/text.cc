// Functions of text: searches and lengths; the others are parts of their own.
#include "skyhook/exec/kernels/kernels.h"
#include "skyhook/exec/kernels/text_rows.h"
#include "skyhook/vector/text_case.h"

namespace skyhook::exec {

using arrow::Result;
using plan::Function;

namespace {

bool Contains(std::string_view text, std::string_view part) {
  return vector::FindText(text, part, 0) != std::string_view::npos;
}

int64_t PositionOf(std::string_view text, std::string_view part) {
  const size_t found = vector::FindText(text, part, 0);
  return found == std::string_view::npos ? 0 : vector::CountCharacters(text.substr(0, found)) + 1;
}

int64_t Occurrences(std::string_view text, std::string_view part) {
  return part.empty() ? vector::CountCharacters(text) + 1 : vector::CountText(text, part);
}

Result<vector::Column> Search(const plan::Expression& call, const Arguments& arguments,
                              int64_t length) {
  vector::CaseReader text(arguments[0], call.options().text_case);
  vector::CaseReader part(arguments[1], call.options().text_case);
  const auto test = [&](auto&& of) {
    return TestRows(arguments, length, [&](int64_t i) { return of(text.At(i), part.At(i)); });
  };
  const auto measure = [&](auto&& of) {
    return ComputeRows<int64_t>(arrow::int64(), arguments, length,
                                [&](int64_t i) { return of(text.At(i), part.At(i)); });
  };
  switch (call.function()) {
    case Function::kStartsWith:
      return test(
          [](std::string_view whole, std::string_view begin) { return whole.starts_with(begin); });
    case Function::kEndsWith:
      return test(
          [](std::string_view whole, std::string_view end) { return whole.ends_with(end); });
    case Function::kContains:
      return test(Contains);
    case Function::kPosition:
      return measure(PositionOf);
    default:
      return measure(Occurrences);
  }
}

Result<vector::Column> Length(Function function, const Arguments& arguments, int64_t length) {
  const vector::Column& text = arguments[0];
  return ComputeRows<int64_t>(arrow::int64(), arguments, length, [&](int64_t i) {
    const std::string_view bytes = text.TextAt(i);
    if (function == Function::kLength) return vector::CountCharacters(bytes);
    const auto size = static_cast<int64_t>(bytes.size());
    return function == Function::kOctetLength ? size : size * 8;
  });
}

}  // namespace

Result<vector::Column> TextKernel(const plan::Expression& call, const Arguments& arguments,
                                  int64_t length) {
  switch (call.function()) {
    case Function::kStartsWith:
    case Function::kEndsWith:
    case Function::kContains:
    case Function::kPosition:
    case Function::kCountSubstring:
      return Search(call, arguments, length);
    case Function::kLength:
    case Function::kOctetLength:
    case Function::kBitLength:
      return Length(call.function(), arguments, length);
    case Function::kSubstring:
    case Function::kLeft:
    case Function::kRight:
    case Function::kTrim:
    case Function::kTrimLeft:
    case Function::kTrimRight:
    case Function::kSplitPart:
      return TextPartKernel(call, arguments, length);
    default:
      return NewTextKernel(call, arguments, length);
  }
}

}  // namespace skyhook::exec
