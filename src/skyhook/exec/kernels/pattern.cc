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

StringPiece PieceOf(std::string_view text) { return StringPiece(text.data(), text.size()); }

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

// A literal; empty for a NULL, which no row is compared with.
std::string_view TextOf(const plan::Expression& literal) {
  const auto& value = *literal.literal();
  return value.is_valid ? static_cast<const arrow::BaseBinaryScalar&>(value).view()
                        : std::string_view();
}

class LikeCall : public PreparedCall {
 public:
  explicit LikeCall(const plan::Expression& call)
      : text_case_(call.function() == Function::kILike ? CallOptions::Case::kInsensitive
                                                       : CallOptions::Case::kSensitive),
        escape_(call.options().escape) {
    const plan::Expression& pattern = *call.arguments()[1];
    if (pattern.kind() != plan::Expression::Kind::kLiteral || !pattern.literal()->is_valid) return;
    pattern_ = Compile(vector::Column::Constant(pattern.literal(), 1));
    // A `%` for each byte of the pattern makes as many segments.
    constexpr int64_t kSegmentBytes = 160;
    bytes_ = sizeof(LikeCall) + kSegmentBytes * static_cast<int64_t>(TextOf(pattern).size());
  }

  Result<vector::Column> Run(const Arguments& arguments, int64_t length) const override {
    if (AnyNullConstant(arguments)) {
      return vector::Column::Constant(arrow::MakeNullScalar(arrow::boolean()), length);
    }
    if (!arguments[1].is_constant()) return MatchEach(arguments, length);
    if (pattern_.has_value()) return Match(*pattern_, arguments, length);
    return Match(Compile(arguments[1]), arguments, length);
  }

  int64_t bytes() const override { return bytes_; }

 private:
  Result<vector::LikePattern> Compile(const vector::Column& pattern) const {
    return vector::LikePattern::Make(vector::CaseReader(pattern, text_case_).At(0), escape_);
  }

  Result<vector::Column> Match(const Result<vector::LikePattern>& pattern,
                               const Arguments& arguments, int64_t length) const {
    ARROW_RETURN_NOT_OK(pattern.status());
    vector::CaseReader text(arguments[0], text_case_);
    return TestRows(arguments, length, [&](int64_t i) { return pattern->Matches(text.At(i)); });
  }

  // Rows that have patterns of their own.
  Result<vector::Column> MatchEach(const Arguments& arguments, int64_t length) const {
    vector::CaseReader text(arguments[0], text_case_);
    vector::CaseReader pattern(arguments[1], text_case_);
    Status failure;
    auto out = TestRows(arguments, length, [&](int64_t i) {
      if (!failure.ok()) return false;
      const auto compiled = vector::LikePattern::Make(pattern.At(i), escape_);
      failure = compiled.status();
      return compiled.ok() && compiled->Matches(text.At(i));
    });
    ARROW_RETURN_NOT_OK(failure);
    return out;
  }

  const CallOptions::Case text_case_;
  const char escape_;
  std::optional<Result<vector::LikePattern>> pattern_;  // of a literal
  int64_t bytes_ = 0;
};

// The catalogue takes literals only for patterns and replacements.
class RegexpCall : public PreparedCall {
 public:
  explicit RegexpCall(const plan::Expression& call)
      : function_(call.function()),
        type_(call.type()),
        all_(call.options().occurrence == CallOptions::Occurrence::kAll),
        pattern_(PieceOf(TextOf(*call.arguments()[1])), OptionsOf(call)) {
    if (function_ == Function::kRegexpReplace) replacement_.emplace(TextOf(*call.arguments()[2]));
  }

  Result<vector::Column> Run(const Arguments& arguments, int64_t length) const override {
    if (AnyNullConstant(arguments)) {
      return vector::Column::Constant(arrow::MakeNullScalar(type_), length);
    }
    if (!pattern_.ok()) return base::Invalid("the pattern is not RE2's: {}", pattern_.error());
    if (function_ == Function::kRegexpExtract) return Extract(arguments, length);
    if (function_ == Function::kRegexpReplace) return Replace(arguments, length);
    const vector::Column& text = arguments[0];
    const auto anchor =
        function_ == Function::kRegexpFullMatch ? RE2::ANCHOR_BOTH : RE2::UNANCHORED;
    return TestRows(arguments, length, [&](int64_t i) {
      const StringPiece piece = PieceOf(text.TextAt(i));
      return pattern_.Match(piece, 0, piece.size(), anchor, nullptr, 0);
    });
  }

  // What RE2 lets itself take for the pattern and, as it matches, its automata.
  int64_t bytes() const override { return pattern_.options().max_mem(); }

 private:
  static RE2::Options OptionsOf(const plan::Expression& call) {
    RE2::Options options(RE2::Quiet);
    options.set_case_sensitive(call.options().text_case == CallOptions::Case::kSensitive);
    return options;
  }

  Result<vector::Column> Replace(const Arguments& arguments, int64_t length) const {
    return WriteRows(arguments, length, [&](int64_t i, vector::TextWriter* out) {
      return ReplaceMatches(arguments[0].TextAt(i), pattern_, *replacement_, all_, out);
    });
  }

  Result<vector::Column> Extract(const Arguments& arguments, int64_t length) const {
    const int64_t group = arguments.size() > 2 ? Int64At(arguments[2], 0) : 0;
    std::vector<StringPiece> groups(static_cast<size_t>(group) + 1);
    return CutRows(arguments, length, [&](int64_t, std::string_view text) {
      const bool found = pattern_.Match(PieceOf(text), 0, text.size(), RE2::UNANCHORED,
                                        groups.data(), static_cast<int>(groups.size()));
      return found ? std::string_view(groups.back().data(), groups.back().size())
                   : std::string_view();
    });
  }

  const Function function_;
  const std::shared_ptr<arrow::DataType> type_;
  const bool all_;
  const RE2 pattern_;
  std::optional<Replacement> replacement_;
};

}  // namespace

PreparedCallPtr PreparePattern(const plan::Expression& call) {
  if (call.function() == Function::kLike || call.function() == Function::kILike) {
    return std::make_shared<const LikeCall>(call);
  }
  return std::make_shared<const RegexpCall>(call);
}

}  // namespace skyhook::exec
