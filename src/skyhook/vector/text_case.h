// Upper and lower case of text, character by character.
#pragma once

#include <string>
#include <string_view>

#include "skyhook/plan/expression.h"
#include "skyhook/vector/column.h"

namespace skyhook::vector {

/// Appends `text` in the other case: the simple mapping of Unicode 15's UnicodeData.txt, and U+1E9E
/// for the upper case of U+00DF, which has none there. It keeps the number of characters, not of
/// bytes; bytes that are no UTF-8 stay.
void AppendLower(std::string_view text, std::string* out);
void AppendUpper(std::string_view text, std::string* out);

/// Reads the texts of a column as a function sees them that may ignore their case. Refers to the
/// column.
class CaseReader {
 public:
  CaseReader(const Column& column, plan::CallOptions::Case text_case);

  /// The text of a row that is not NULL; valid until the next call.
  std::string_view At(int64_t row);

 private:
  void Fold(std::string_view text);

  const Column* column_;
  plan::CallOptions::Case text_case_;
  std::string folded_;
};

}  // namespace skyhook::vector
