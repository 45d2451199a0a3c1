// Functions of text.
#include <arrow/array/builder_binary.h>
#include <arrow/compute/api.h>

#include <algorithm>
#include <cstring>
#include <functional>

#include "skyhook/base/status.h"
#include "skyhook/exec/kernels.h"
#include "skyhook/exec/text.h"

namespace skyhook::exec {

using arrow::Result;
using plan::Function;

namespace {

bool IsContinuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

bool IsAscii(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return (c & 0x80) != 0; });
}

bool AllAscii(const Column& column, int64_t length) {
  for (int64_t i = 0; i < length; ++i) {
    if (column.IsValid(i) && !IsAscii(column.TextAt(i))) return false;
  }
  return true;
}

template <typename Test>
Result<Column> Predicate(const Arguments& arguments, int64_t length, Test&& test) {
  ARROW_ASSIGN_OR_RAISE(auto out, AllocateValues<uint8_t>(length));
  ARROW_ASSIGN_OR_RAISE(auto valid, CommonValidity(arguments, length));
  uint8_t* to = MutableValues<uint8_t>(out);
  for (int64_t i = 0; i < length; ++i) {
    to[i] = (valid == nullptr || valid->data()[i] != 0) && test(i) ? 1 : 0;
  }
  return Column::Flat(arrow::boolean(), length, std::move(out), std::move(valid));
}

Result<Column> FixedText(const plan::Expression& call, const Arguments& arguments, int64_t length) {
  const Column& text = arguments[0];
  const Column& part = arguments[1];
  switch (call.function()) {
    case Function::kStartsWith:
      return Predicate(arguments, length,
                       [&](int64_t i) { return text.TextAt(i).starts_with(part.TextAt(i)); });
    case Function::kEndsWith:
      return Predicate(arguments, length,
                       [&](int64_t i) { return text.TextAt(i).ends_with(part.TextAt(i)); });
    default:
      return Predicate(arguments, length, [&](int64_t i) {
        const std::string_view whole = text.TextAt(i);
        const std::string_view wanted = part.TextAt(i);
        return wanted.empty() ||
               memmem(whole.data(), whole.size(), wanted.data(), wanted.size()) != nullptr;
      });
  }
}

Result<Column> Like(const plan::Expression& call, const Arguments& arguments, int64_t length) {
  const Column& text = arguments[0];
  const Column& pattern = arguments[1];
  const char escape = call.options().escape;
  if (pattern.is_constant()) {
    ARROW_ASSIGN_OR_RAISE(auto compiled, LikePattern::Make(pattern.TextAt(0), escape));
    return Predicate(arguments, length,
                     [&](int64_t i) { return compiled.Matches(text.TextAt(i)); });
  }
  arrow::Status failure;
  auto out = Predicate(arguments, length, [&](int64_t i) {
    auto compiled = LikePattern::Make(pattern.TextAt(i), escape);
    if (!compiled.ok()) failure = compiled.status();
    return compiled.ok() && compiled->Matches(text.TextAt(i));
  });
  ARROW_RETURN_NOT_OK(failure);
  return out;
}

// Case mapping of text that is not all ASCII, by Arrow's kernel.
Result<Column> UnicodeCase(const Column& text, bool upper, int64_t length) {
  arrow::StringBuilder builder;
  for (int64_t i = 0; i < length; ++i) {
    ARROW_RETURN_NOT_OK(text.IsValid(i) ? builder.Append(text.TextAt(i)) : builder.AppendNull());
  }
  ARROW_ASSIGN_OR_RAISE(auto array, builder.Finish());
  ARROW_ASSIGN_OR_RAISE(arrow::Datum mapped,
                        arrow::compute::CallFunction(upper ? "utf8_upper" : "utf8_lower", {array}));
  const auto& strings = static_cast<const arrow::StringArray&>(*mapped.make_array());
  TextBuilder out;
  for (int64_t i = 0; i < length; ++i) {
    ARROW_RETURN_NOT_OK(strings.IsNull(i) ? out.AppendNull() : out.Append(strings.GetView(i)));
  }
  return out.Finish(arrow::utf8_view());
}

char AsciiLower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
char AsciiUpper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }

Result<Column> ChangeCase(const Column& text, bool upper, int64_t length) {
  if (!AllAscii(text, length)) return UnicodeCase(text, upper, length);
  TextBuilder out;
  std::string mapped;
  for (int64_t i = 0; i < length; ++i) {
    if (!text.IsValid(i)) {
      ARROW_RETURN_NOT_OK(out.AppendNull());
      continue;
    }
    mapped = text.TextAt(i);
    std::transform(mapped.begin(), mapped.end(), mapped.begin(), upper ? AsciiUpper : AsciiLower);
    ARROW_RETURN_NOT_OK(out.Append(mapped));
  }
  return out.Finish(arrow::utf8_view());
}

Result<Column> ILike(const plan::Expression& call, const Arguments& arguments, int64_t length) {
  ARROW_ASSIGN_OR_RAISE(Column text,
                        ChangeCase(arguments[0], false, arguments[0].is_constant() ? 1 : length));
  ARROW_ASSIGN_OR_RAISE(Column pattern,
                        ChangeCase(arguments[1], false, arguments[1].is_constant() ? 1 : length));
  const auto as_constant = [&](const Column& original, Column lowered) -> Result<Column> {
    if (!original.is_constant()) return lowered;
    ARROW_ASSIGN_OR_RAISE(auto array, lowered.ToArray());
    ARROW_ASSIGN_OR_RAISE(auto scalar, array->GetScalar(0));
    return Column::Constant(scalar, length);
  };
  ARROW_ASSIGN_OR_RAISE(text, as_constant(arguments[0], std::move(text)));
  ARROW_ASSIGN_OR_RAISE(pattern, as_constant(arguments[1], std::move(pattern)));
  return Like(call, {text, pattern}, length);
}

int64_t CountCharacters(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return !IsContinuation(c); });
}

// The byte position `characters` code points after `from`, or the end.
size_t Advance(std::string_view text, size_t from, int64_t characters) {
  while (characters > 0 && from < text.size()) {
    ++from;
    while (from < text.size() && IsContinuation(text[from])) ++from;
    --characters;
  }
  return from;
}

Result<Column> Substring(const plan::Expression& call, const Arguments& arguments, int64_t length) {
  const Column& text = arguments[0];
  const int64_t skip = arguments[1].values<int64_t>()[0] - 1;
  const int64_t take = arguments.size() > 2 ? arguments[2].values<int64_t>()[0]
                                            : std::numeric_limits<int64_t>::max();
  ARROW_ASSIGN_OR_RAISE(auto out, AllocateValues<TextView>(length));
  TextView* to = MutableValues<TextView>(out);
  for (int64_t i = 0; i < length; ++i) {
    to[i] = TextView{};
    if (!text.IsValid(i)) continue;
    const TextView& view = text.values<TextView>()[text.is_constant() ? 0 : i];
    const std::string_view whole = text.Text(view);
    const size_t begin = Advance(whole, 0, skip);
    const size_t end = Advance(whole, begin, take);
    to[i] = SubView(text, view, static_cast<int64_t>(begin), static_cast<int64_t>(end - begin));
  }
  ARROW_ASSIGN_OR_RAISE(auto valid, CommonValidity({text}, length));
  return Column::Flat(call.type(), length, std::move(out), std::move(valid), text.text_buffers());
}

Result<Column> Length(const Column& text, int64_t length) {
  ARROW_ASSIGN_OR_RAISE(auto out, AllocateValues<int64_t>(length));
  for (int64_t i = 0; i < length; ++i) {
    MutableValues<int64_t>(out)[i] = text.IsValid(i) ? CountCharacters(text.TextAt(i)) : 0;
  }
  return Column::Flat(arrow::int64(), length, std::move(out), text.valid_buffer());
}

}  // namespace

Result<Column> TextKernel(const plan::Expression& call, const Arguments& arguments,
                          int64_t length) {
  switch (call.function()) {
    case Function::kLike:
      return Like(call, arguments, length);
    case Function::kILike:
      return ILike(call, arguments, length);
    case Function::kSubstring:
      return Substring(call, arguments, length);
    case Function::kLength:
      return Length(arguments[0], length);
    case Function::kLower:
    case Function::kUpper:
      return ChangeCase(arguments[0], call.function() == Function::kUpper, length);
    default:
      return FixedText(call, arguments, length);
  }
}

}  // namespace skyhook::exec
