#include "skyhook/vector/text_like.h"

#include "skyhook/base/status.h"
#include "skyhook/vector/text.h"

namespace skyhook::vector {

using arrow::Result;

Result<LikePattern> LikePattern::Make(std::string_view pattern, char escape) {
  LikePattern out;
  out.segments_.emplace_back();
  for (size_t i = 0; i < pattern.size(); ++i) {
    const bool escaped = escape != 0 && pattern[i] == escape;
    if (escaped && ++i == pattern.size()) {
      return base::Invalid("LIKE pattern '{}' ends in its escape character", pattern);
    }
    if (!escaped && pattern[i] == '%') {
      out.segments_.emplace_back();
      continue;
    }
    Segment& segment = out.segments_.back();
    const bool any = !escaped && pattern[i] == '_';
    segment.bytes += pattern[i];
    segment.any.push_back(any);
    segment.has_any |= any;
  }
  return out;
}

std::string_view LikePattern::RequiredText() const {
  std::string_view longest;
  for (const Segment& segment : segments_) {
    if (!segment.has_any && segment.bytes.size() > longest.size()) longest = segment.bytes;
  }
  return longest;
}

bool LikePattern::IsContains() const {
  return segments_.size() == 3 && segments_[0].bytes.empty() && segments_[2].bytes.empty() &&
         !segments_[1].has_any && !segments_[1].bytes.empty();
}

// The position after the segment when it matches at `at`, else npos.
size_t LikePattern::MatchAt(const Segment& segment, std::string_view text, size_t at) {
  if (!segment.has_any) {
    return text.substr(at).starts_with(segment.bytes) ? at + segment.bytes.size()
                                                      : std::string_view::npos;
  }
  for (size_t i = 0; i < segment.bytes.size(); ++i) {
    if (at >= text.size()) return std::string_view::npos;
    if (segment.any[i]) {
      at = NextCharacter(text, at);
    } else if (text[at] == segment.bytes[i]) {
      ++at;
    } else {
      return std::string_view::npos;
    }
  }
  return at;
}

// The first match of the segment at or after `from`; its end in `end`.
size_t LikePattern::Find(const Segment& segment, std::string_view text, size_t from, size_t* end) {
  if (!segment.has_any) {
    if (segment.bytes.empty()) {
      *end = from;
      return from;
    }
    const size_t at = FindText(text, segment.bytes, from);
    if (at != std::string_view::npos) *end = at + segment.bytes.size();
    return at;
  }
  for (size_t at = from; at < text.size(); at = NextCharacter(text, at)) {
    *end = MatchAt(segment, text, at);
    if (*end != std::string_view::npos) return at;
  }
  return std::string_view::npos;
}

bool LikePattern::MatchesEnd(const Segment& segment, std::string_view text, size_t from) {
  if (!segment.has_any) {
    return text.size() - from >= segment.bytes.size() && text.ends_with(segment.bytes);
  }
  for (size_t at = from; at <= text.size(); at = NextCharacter(text, at)) {
    if (MatchAt(segment, text, at) == text.size()) return true;
  }
  return false;
}

bool LikePattern::Matches(std::string_view text) const {
  size_t at = MatchAt(segments_.front(), text, 0);
  if (at == std::string_view::npos) return false;
  if (segments_.size() == 1) return at == text.size();
  for (size_t i = 1; i + 1 < segments_.size(); ++i) {
    if (Find(segments_[i], text, at, &at) == std::string_view::npos) return false;
  }
  return MatchesEnd(segments_.back(), text, at);
}

}  // namespace skyhook::vector
