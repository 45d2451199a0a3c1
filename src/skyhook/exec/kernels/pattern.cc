// LIKE and regular expressions.
#include <re2/re2.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "skyhook/base/status.h"
#include "skyhook/exec/kernels/kernels.h"
#include "skyhook/exec/kernels/text_rows.h"
#include "skyhook/vector/text_case.h"
#include "skyhook/vector/text_like.h"

namespace skyhook::exec {

using arrow::Result;
using arrow::Status;
using plan::CallOptions;
using plan::Function;
using re2::RE2;
using re2::StringPiece;

namespace {

// The pattern of a call, compiled: kept with the call where no row has a pattern of its own.
Result<std::shared_ptr<const vector::LikePattern>> CompiledLike(const plan::Expression& call,
                                                                std::string_view pattern) {
  const auto compile = [&]() -> Result<std::shared_ptr<const vector::LikePattern>> {
    ARROW_ASSIGN_OR_RAISE(auto compiled, vector::LikePattern::Make(pattern, call.options().escape));
    return std::make_shared<const vector::LikePattern>(std::move(compiled));
  };
  const bool constant = call.arguments()[1]->columns().empty();
  return constant ? call.prepared().Get<vector::LikePattern>(compile) : compile();
}

Result<vector::Column> Like(const plan::Expression& call, const Arguments& arguments,
                            int64_t length) {
  const auto text_case = call.function() == Function::kILike ? CallOptions::Case::kInsensitive
                                                             : CallOptions::Case::kSensitive;
  vector::CaseReader text(arguments[0], text_case);
  vector::CaseReader pattern(arguments[1], text_case);
  const char escape = call.options().escape;
  if (arguments[1].is_constant()) {
    ARROW_ASSIGN_OR_RAISE(const auto compiled, CompiledLike(call, pattern.At(0)));
    return TestRows(arguments, length, [&](int64_t i) { return compiled->Matches(text.At(i)); });
  }
  Status failure;
  auto out = TestRows(arguments, length, [&](int64_t i) {
    if (!failure.ok()) return false;
    const auto compiled = vector::LikePattern::Make(pattern.At(i), escape);
    failure = compiled.status();
    return compiled.ok() && compiled->Matches(text.At(i));
  });
  ARROW_RETURN_NOT_OK(failure);
  return out;
}

StringPiece PieceOf(std::string_view text) { return StringPiece(text.data(), text.size()); }

Result<std::shared_ptr<const RE2>> Compile(const plan::Expression& call, std::string_view pattern) {
  RE2::Options options(RE2::Quiet);
  options.set_case_sensitive(call.options().text_case == CallOptions::Case::kSensitive);
  auto compiled = std::make_shared<const RE2>(PieceOf(pattern), options);
  if (compiled->ok()) return compiled;
  return base::Invalid("the pattern is not RE2's: {}", compiled->error());
}

// The last argument of regexp_replace, taken apart. The catalogue let it pass.
class Replacement {
 public:
  explicit Replacement(std::string_view text) {
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '\\') {
        AddLiteral(text[i]);
        continue;
      }
      if (++i == text.size()) return;
      if (text[i] < '0' || text[i] > '9') {
        AddLiteral(text[i]);
        continue;
      }
      pieces_.push_back({text[i] - '0', {}});
      groups_ = std::max(groups_, text[i] - '0' + 1);
    }
  }

  /// How many groups of a match it looks at, the whole match among them.
  int groups() const { return groups_; }

  Status AppendTo(const std::vector<StringPiece>& groups, vector::TextWriter* out) const {
    for (const Piece& piece : pieces_) {
      const StringPiece group =
          piece.group < 0 ? StringPiece(piece.literal) : groups[static_cast<size_t>(piece.group)];
      ARROW_RETURN_NOT_OK(out->Append(std::string_view(group.data(), group.size())));
    }
    return Status::OK();
  }

 private:
  struct Piece {
    int group;  // -1: `literal`
    std::string literal;
  };

  void AddLiteral(char c) {
    if (pieces_.empty() || pieces_.back().group >= 0) pieces_.push_back({-1, {}});
    pieces_.back().literal += c;
  }

  std::vector<Piece> pieces_;
  int groups_ = 1;
};

// RE2::Replace and RE2::GlobalReplace, within the size that a text may have.
Status ReplaceMatches(std::string_view text, const RE2& pattern, const Replacement& replacement,
                      bool all, vector::TextWriter* out) {
  std::vector<StringPiece> groups(static_cast<size_t>(replacement.groups()));
  std::optional<size_t> last_end;
  size_t at = 0;
  while (at <= text.size() && pattern.Match(PieceOf(text), at, text.size(), RE2::UNANCHORED,
                                            groups.data(), replacement.groups())) {
    const auto begin = static_cast<size_t>(groups[0].data() - text.data());
    if (groups[0].empty() && last_end == begin) {
      // No match where another one ended: one character on.
      const size_t next = begin < text.size() ? vector::NextCharacter(text, begin) : begin + 1;
      ARROW_RETURN_NOT_OK(out->Append(text.substr(begin, next - begin)));
      at = next;
      continue;
    }
    ARROW_RETURN_NOT_OK(out->Append(text.substr(at, begin - at)));
    ARROW_RETURN_NOT_OK(replacement.AppendTo(groups, out));
    at = begin + groups[0].size();
    last_end = at;
    if (!all) break;
  }
  return at < text.size() ? out->Append(text.substr(at)) : Status::OK();
}

Result<vector::Column> Replace(const plan::Expression& call, const RE2& pattern,
                               const Arguments& arguments, int64_t length) {
  ARROW_ASSIGN_OR_RAISE(const auto replacement, call.prepared().Get<Replacement>([&] {
    return Result<std::shared_ptr<const Replacement>>(
        std::make_shared<const Replacement>(arguments[2].TextAt(0)));
  }));
  const bool all = call.options().occurrence == CallOptions::Occurrence::kAll;
  return WriteRows(arguments, length, [&](int64_t i, vector::TextWriter* out) {
    return ReplaceMatches(arguments[0].TextAt(i), pattern, *replacement, all, out);
  });
}

Result<vector::Column> Extract(const RE2& pattern, const Arguments& arguments, int64_t length) {
  const int64_t group = arguments.size() > 2 ? Int64At(arguments[2], 0) : 0;
  std::vector<StringPiece> groups(static_cast<size_t>(group) + 1);
  return CutRows(arguments, length, [&](int64_t, std::string_view text) {
    const bool found = pattern.Match(PieceOf(text), 0, text.size(), RE2::UNANCHORED, groups.data(),
                                     static_cast<int>(groups.size()));
    return found ? std::string_view(groups.back().data(), groups.back().size())
                 : std::string_view();
  });
}

}  // namespace

Result<vector::Column> PatternKernel(const plan::Expression& call, const Arguments& arguments,
                                     int64_t length) {
  const Function function = call.function();
  if (function == Function::kLike || function == Function::kILike) {
    return Like(call, arguments, length);
  }
  const vector::Column& text = arguments[0];
  // The catalogue takes literals only for patterns and replacements.
  ARROW_ASSIGN_OR_RAISE(const auto pattern, call.prepared().Get<RE2>([&] {
    return Compile(call, arguments[1].TextAt(0));
  }));
  switch (function) {
    case Function::kRegexpMatches:
      return TestRows(arguments, length, [&](int64_t i) {
        return RE2::PartialMatch(PieceOf(text.TextAt(i)), *pattern);
      });
    case Function::kRegexpFullMatch:
      return TestRows(arguments, length,
                      [&](int64_t i) { return RE2::FullMatch(PieceOf(text.TextAt(i)), *pattern); });
    case Function::kRegexpExtract:
      return Extract(*pattern, arguments, length);
    case Function::kRegexpReplace:
      return Replace(call, *pattern, arguments, length);
    default:
      return NoKernel(call);
  }
}

}  // namespace skyhook::exec
