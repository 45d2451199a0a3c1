// What a filter's text is made of: names, literals and signs, each with its place for messages.
#pragma once

#include <arrow/status.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace skyhook::plan {

struct FilterToken {
  enum class Kind : uint8_t {
    kEnd,
    kInvalid,     ///< `text` says what is wrong; the tokens end here
    kWord,        ///< a keyword or a column's name
    kQuotedName,  ///< "name"
    kNumber,      ///< what begins like one, without its sign
    kText,        ///< 'text'
    kDate,        ///< DATE 'text'
    kTimestamp,   ///< TIMESTAMP 'text'
    kSign,        ///< a comparison, parenthesis, comma, plus or minus
  };
  Kind kind = Kind::kEnd;
  std::string_view source;  ///< as written
  std::string text = {};    ///< what stands between the quotes, or the source
};

/// The tokens of one text, which has to outlive them, one after the other.
class FilterTokens {
 public:
  explicit FilterTokens(std::string_view text);

  const FilterToken& current() const { return current_; }
  void Advance();
  /// Whether the current token is this keyword (in capitals), in any case, or this sign.
  bool Is(std::string_view word) const;
  /// Steps over the current token if it is that.
  bool Take(std::string_view word);

  /// Invalid, naming the character that `source`, a part of the text, begins with. 1 is the first.
  arrow::Status Error(std::string_view source, const std::string& message) const;
  /// That error, where the current token is not what is expected.
  arrow::Status Unexpected(std::string_view expected) const;

 private:
  FilterToken Next();
  FilterToken Quoted(FilterToken::Kind kind);
  FilterToken Word();
  FilterToken Number();
  FilterToken Sign();
  void SkipSpaces();
  /// The token from `begin` up to the next character to be read.
  FilterToken From(size_t begin, FilterToken::Kind kind) const;

  const std::string_view text_;
  size_t at_ = 0;
  FilterToken current_;
};

/// ASCII's capitals as small letters.
std::string Lowered(std::string_view text);

/// `source` for a message: the beginning of what is long.
std::string Shown(std::string_view source);

}  // namespace skyhook::plan
