// Looks for one text in many bytes: 32 at a time where the processor has AVX2.
//
// Places where the first and the last byte fit are compared whole; after W. Muła, "SIMD-friendly
// algorithms for substring searching", http://0x80.pl/articles/simd-strfind.html.
#pragma once

#include <cstdint>
#include <string>

#include "skyhook/base/simd.h"

namespace skyhook::vector {

class Substring {
 public:
  /// `text` is not empty.
  explicit Substring(std::string text, base::Simd simd = base::BestSimd())
      : text_(std::move(text)), simd_(simd) {}

  const std::string& text() const { return text_; }
  /// The first place in [begin, end) where the text stands whole; `end`: there is none.
  const uint8_t* Find(const uint8_t* begin, const uint8_t* end) const;

 private:
  const uint8_t* FindAvx2(const uint8_t* begin, const uint8_t* end) const;
  const uint8_t* FindPortable(const uint8_t* begin, const uint8_t* end) const;

  std::string text_;
  base::Simd simd_;
};

}  // namespace skyhook::vector
