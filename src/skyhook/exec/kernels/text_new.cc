// Functions that write new texts.
#include <algorithm>

#include "skyhook/base/status.h"
#include "skyhook/exec/kernels/overflow.h"
#include "skyhook/exec/kernels/text_rows.h"
#include "skyhook/vector/text_case.h"

namespace skyhook::exec {

using arrow::Result;
using arrow::Status;
using plan::CallOptions;
using plan::Function;

namespace {

// The arguments from `first` on, one after another with `separator` between them.
Status Join(const Arguments& arguments, size_t first, int64_t row, std::string_view separator,
            vector::TextWriter* out) {
  bool behind_another = false;
  for (size_t i = first; i < arguments.size(); ++i) {
    if (!arguments[i].IsValid(row)) continue;
    if (behind_another) ARROW_RETURN_NOT_OK(out->Append(separator));
    ARROW_RETURN_NOT_OK(out->Append(arguments[i].TextAt(row)));
    behind_another = true;
  }
  return Status::OK();
}

bool AnyNull(const Arguments& arguments, int64_t row) {
  return std::any_of(arguments.begin(), arguments.end(),
                     [&](const vector::Column& argument) { return !argument.IsValid(row); });
}

Result<vector::Column> Concat(const plan::Expression& call, const Arguments& arguments,
                              int64_t length) {
  const bool separated = call.function() == Function::kConcatSeparated;
  const bool propagate = !separated && call.options().nulls == CallOptions::Nulls::kPropagate;
  vector::TextBuilder out(arguments.texts());
  vector::TextWriter text(arguments.texts());
  for (int64_t i = 0; i < length; ++i) {
    if (separated ? !arguments[0].IsValid(i) : propagate && AnyNull(arguments, i)) {
      ARROW_RETURN_NOT_OK(out.AppendNull());
      continue;
    }
    text.Clear();
    ARROW_RETURN_NOT_OK(Join(arguments, separated ? 1 : 0, i,
                             separated ? arguments[0].TextAt(i) : std::string_view(), &text));
    ARROW_RETURN_NOT_OK(out.Append(*text.text()));
  }
  return out.Finish(arrow::utf8_view());
}

// `missing` characters of `fill` over and over.
Status Fill(std::string_view fill, int64_t missing, vector::TextWriter* out) {
  // Bytes that are no UTF-8 may count as no character.
  const int64_t characters = std::max<int64_t>(vector::CountCharacters(fill), 1);
  ARROW_RETURN_NOT_OK(out->AppendRepeated(fill, missing / characters));
  return out->Append(fill.substr(0, vector::AdvanceCharacters(fill, 0, missing % characters)));
}

Result<vector::Column> Pad(const plan::Expression& call, const Arguments& arguments,
                           int64_t length) {
  return WriteRows(arguments, length, [&](int64_t i, vector::TextWriter* out) {
    const std::string_view text = arguments[0].TextAt(i);
    const std::string_view fill = arguments[2].TextAt(i);
    const int64_t wanted = Int64At(arguments[1], i);
    const std::string_view kept = text.substr(0, vector::AdvanceCharacters(text, 0, wanted));
    const int64_t missing = std::max<int64_t>(wanted, 0) - vector::CountCharacters(kept);
    if (missing > 0 && fill.empty()) {
      return base::Invalid("{}({}) has nothing to fill up with",
                           plan::EntryOf(call.function()).name, ArgumentsText(arguments, i));
    }
    const bool left = call.function() == Function::kPadLeft;
    if (left) ARROW_RETURN_NOT_OK(Fill(fill, missing, out));
    ARROW_RETURN_NOT_OK(out->Append(kept));
    return left ? Status::OK() : Fill(fill, missing, out);
  });
}

void Reverse(std::string_view text, std::string* out) {
  for (size_t end = text.size(); end > 0;) {
    const size_t begin = vector::PreviousCharacter(text, end);
    out->append(text.substr(begin, end - begin));
    end = begin;
  }
}

// `part` is looked for in `folded`, which is `text` or its other case, of as many characters.
Status ReplaceText(std::string_view text, std::string_view folded, std::string_view part,
                   std::string_view replacement, vector::TextWriter* out) {
  const bool same = text.data() == folded.data();
  size_t at = 0;
  size_t folded_at = 0;
  for (size_t found; !part.empty() &&
                     (found = vector::FindText(folded, part, folded_at)) != std::string_view::npos;
       folded_at = found + part.size()) {
    const std::string_view skipped = folded.substr(folded_at, found - folded_at);
    const size_t begin =
        same ? found : vector::AdvanceCharacters(text, at, vector::CountCharacters(skipped));
    ARROW_RETURN_NOT_OK(out->Append(text.substr(at, begin - at)));
    ARROW_RETURN_NOT_OK(out->Append(replacement));
    at = same ? found + part.size()
              : vector::AdvanceCharacters(text, begin, vector::CountCharacters(part));
  }
  return out->Append(text.substr(at));
}

Result<vector::Column> Replace(const plan::Expression& call, const Arguments& arguments,
                               int64_t length) {
  vector::CaseReader folded(arguments[0], call.options().text_case);
  vector::CaseReader part(arguments[1], call.options().text_case);
  return WriteRows(arguments, length, [&](int64_t i, vector::TextWriter* out) {
    return ReplaceText(arguments[0].TextAt(i), folded.At(i), part.At(i), arguments[2].TextAt(i),
                       out);
  });
}

}  // namespace

Result<vector::Column> NewTextKernel(const plan::Expression& call, const Arguments& arguments,
                                     int64_t length) {
  // Functions of one text that cannot fail.
  const auto map = [&](auto&& write) {
    return WriteRows(arguments, length, [&](int64_t i, vector::TextWriter* out) {
      write(arguments[0].TextAt(i), out->text());
      return Status::OK();
    });
  };
  switch (call.function()) {
    case Function::kLower:
      return map(vector::AppendLower);
    case Function::kUpper:
      return map(vector::AppendUpper);
    case Function::kReverse:
      return map(Reverse);
    case Function::kConcat:
    case Function::kConcatSeparated:
      return Concat(call, arguments, length);
    case Function::kPadLeft:
    case Function::kPadRight:
      return Pad(call, arguments, length);
    case Function::kRepeat:
      return WriteRows(arguments, length, [&](int64_t i, vector::TextWriter* out) {
        return out->AppendRepeated(arguments[0].TextAt(i), Int64At(arguments[1], i));
      });
    case Function::kReplace:
      return Replace(call, arguments, length);
    default:
      return NoKernel(call);
  }
}

}  // namespace skyhook::exec
