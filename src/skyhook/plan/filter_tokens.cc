#include "skyhook/plan/filter_tokens.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "skyhook/base/status.h"

namespace skyhook::plan {
namespace {

using Kind = FilterToken::Kind;

// Longer ones before their beginnings.
constexpr std::array<std::string_view, 12> kSigns = {"<>", "!=", "<=", ">=", "<", ">",
                                                     "=",  "(",  ")",  ",",  "+", "-"};

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }
bool StartsWord(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80) != 0;
}
bool ContinuesWord(char c) { return StartsWord(c) || IsDigit(c) || c == '$'; }

bool IsWord(std::string_view text, std::string_view capitals) {
  return std::equal(text.begin(), text.end(), capitals.begin(), capitals.end(), [](char a, char b) {
    return a == b || (a >= 'a' && a <= 'z' && a - 'a' + 'A' == b);
  });
}

}  // namespace

FilterTokens::FilterTokens(std::string_view text) : text_(text) { Advance(); }

void FilterTokens::Advance() {
  if (current_.kind != Kind::kInvalid) current_ = Next();
}

bool FilterTokens::Is(std::string_view word) const {
  if (current_.kind == Kind::kSign) return current_.source == word;
  return current_.kind == Kind::kWord && IsWord(current_.source, word);
}

bool FilterTokens::Take(std::string_view word) {
  if (!Is(word)) return false;
  Advance();
  return true;
}

arrow::Status FilterTokens::Error(std::string_view source, const std::string& message) const {
  const auto before = text_.substr(0, static_cast<size_t>(source.data() - text_.data()));
  const auto number = before.size() - static_cast<size_t>(std::count_if(
                                          before.begin(), before.end(), IsContinuation));
  return base::Invalid("filter, character {}: {}", number + 1, message);
}

arrow::Status FilterTokens::Unexpected(std::string_view expected) const {
  if (current_.kind == Kind::kInvalid) return Error(current_.source, current_.text);
  const bool end = current_.kind == Kind::kEnd;
  return Error(current_.source, fmt::format("{} is expected, not {}", expected,
                                            end ? "the end" : Shown(current_.source)));
}

FilterToken FilterTokens::Next() {
  SkipSpaces();
  if (at_ == text_.size()) return From(at_, Kind::kEnd);
  const char c = text_[at_];
  if (c == '\'') return Quoted(Kind::kText);
  if (c == '"') return Quoted(Kind::kQuotedName);
  if (StartsWord(c)) return Word();
  const bool point = c == '.' && at_ + 1 < text_.size() && IsDigit(text_[at_ + 1]);
  if (IsDigit(c) || point) return Number();
  return Sign();
}

// A quote within is written twice.
FilterToken FilterTokens::Quoted(Kind kind) {
  const size_t begin = at_;
  const char quote = text_[at_];
  std::string inner;
  while (true) {
    const size_t end = text_.find(quote, ++at_);
    if (end == std::string_view::npos) {
      return {Kind::kInvalid, text_.substr(begin, 1),
              fmt::format("the closing {} is missing", quote)};
    }
    inner += text_.substr(at_, end - at_);
    at_ = end + 1;
    if (at_ == text_.size() || text_[at_] != quote) break;
    inner += quote;
  }
  FilterToken token = From(begin, kind);
  token.text = std::move(inner);
  return token;
}

// DATE and TIMESTAMP are names where no text follows.
FilterToken FilterTokens::Word() {
  const size_t begin = at_;
  while (at_ < text_.size() && ContinuesWord(text_[at_])) ++at_;
  const FilterToken word = From(begin, Kind::kWord);
  const bool date = IsWord(word.source, "DATE");
  if (!date && !IsWord(word.source, "TIMESTAMP")) return word;
  SkipSpaces();
  if (at_ == text_.size() || text_[at_] != '\'') return word;
  FilterToken value = Quoted(date ? Kind::kDate : Kind::kTimestamp);
  if (value.kind != Kind::kInvalid) value.source = text_.substr(begin, at_ - begin);
  return value;
}

FilterToken FilterTokens::Number() {
  const size_t begin = at_;
  while (at_ < text_.size()) {
    const char c = text_[at_];
    const char last = at_ == begin ? ' ' : text_[at_ - 1];
    const bool sign = (c == '+' || c == '-') && (last == 'e' || last == 'E');
    if (!sign && c != '.' && !ContinuesWord(c)) break;
    ++at_;
  }
  return From(begin, Kind::kNumber);
}

FilterToken FilterTokens::Sign() {
  const size_t begin = at_;
  for (const std::string_view sign : kSigns) {
    if (!text_.substr(at_).starts_with(sign)) continue;
    at_ += sign.size();
    return From(begin, Kind::kSign);
  }
  const char c = text_[at_];
  const bool printable = c > ' ' && c <= '~';
  return {Kind::kInvalid, text_.substr(begin, 1),
          printable ? fmt::format("{} means nothing here", c)
                    : fmt::format("the byte {:#04x} means nothing here", static_cast<int>(c))};
}

void FilterTokens::SkipSpaces() {
  while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
}

FilterToken FilterTokens::From(size_t begin, Kind kind) const {
  const std::string_view source = text_.substr(begin, at_ - begin);
  return {kind, source, std::string(source)};
}

std::string Lowered(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string Shown(std::string_view source) {
  constexpr size_t kMost = 60;
  if (source.size() <= kMost) return std::string(source);
  size_t end = kMost;
  while (end > 0 && IsContinuation(source[end])) --end;
  return std::string(source.substr(0, end)) + "...";
}

}  // namespace skyhook::plan
