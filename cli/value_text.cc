#include "cli/value_text.h"

#include <arrow/array/array_dict.h>
#include <arrow/array/array_nested.h>
#include <arrow/compute/cast.h>
#include <arrow/extension_type.h>
#include <arrow/scalar.h>
#include <arrow/util/base64.h>
#include <arrow/util/bit_util.h>
#include <fmt/format.h>

#include <cstdlib>
#include <limits>
#include <string>
#include <string_view>

#include "skyhook/plan/types.h"

namespace skyhook::cli {
namespace {

using arrow::Array;
using arrow::Status;
using arrow::Type;

constexpr char kNull[] = "NULL";
constexpr int64_t kMicrosPerSecond = 1'000'000;
constexpr int64_t kSecondsPerHour = 3600;

// Appends the text of one value that is not null.
class Appender {
 public:
  virtual ~Appender() = default;
  virtual Status Append(int64_t row, std::string* out) const = 0;
};
using AppenderPtr = std::unique_ptr<Appender>;

arrow::Result<AppenderPtr> MakeAppender(const Array& array);

Status AppendOrNull(const Array& array, const Appender& values, int64_t row, std::string* out) {
  if (!array.IsNull(row)) return values.Append(row, out);
  *out += kNull;
  return Status::OK();
}

// What Arrow casts to text.
class CastAppender : public Appender {
 public:
  explicit CastAppender(std::shared_ptr<Array> text) : text_(std::move(text)) {}
  Status Append(int64_t row, std::string* out) const override {
    *out += static_cast<const arrow::StringArray&>(*text_).GetView(row);
    return Status::OK();
  }

 private:
  std::shared_ptr<Array> text_;
};

// Dates and timestamps have a greatest and a least value that stand for no end and no beginning.
int SignOfInfinity(const Array& array, int64_t row) {
  const auto sign = [](auto value) {
    constexpr auto kMost = std::numeric_limits<decltype(value)>::max();
    return value == kMost ? 1 : value == -kMost ? -1 : 0;
  };
  return array.type_id() == Type::DATE32
             ? sign(static_cast<const arrow::Date32Array&>(array).Value(row))
             : sign(static_cast<const arrow::TimestampArray&>(array).Value(row));
}

class MomentAppender : public Appender {
 public:
  MomentAppender(const Array& array, std::shared_ptr<Array> text)
      : array_(array), text_(std::move(text)) {}

  Status Append(int64_t row, std::string* out) const override {
    switch (SignOfInfinity(array_, row)) {
      case 1:
        *out += "infinity";
        break;
      case -1:
        *out += "-infinity";
        break;
      default:
        *out += static_cast<const arrow::StringArray&>(*text_).GetView(row);
    }
    return Status::OK();
  }

 private:
  const Array& array_;
  std::shared_ptr<Array> text_;
};

// ab\xFF: what is no printable ASCII by its number.
class BytesAppender : public Appender {
 public:
  explicit BytesAppender(const Array& array) : array_(array) {}
  Status Append(int64_t row, std::string* out) const override {
    ARROW_ASSIGN_OR_RAISE(const auto value, array_.GetScalar(row));
    for (const char c : static_cast<const arrow::BaseBinaryScalar&>(*value).view()) {
      const bool plain = c >= ' ' && c <= '~' && c != '\\';
      *out += plain ? std::string(1, c) : fmt::format("\\x{:02X}", static_cast<unsigned char>(c));
    }
    return Status::OK();
  }

 private:
  const Array& array_;
};

std::string ClockText(int64_t nanos) {
  const bool negative = nanos < 0;
  const auto magnitude =
      static_cast<uint64_t>(negative ? -(nanos + 1) : nanos) + (negative ? 1 : 0);
  const uint64_t seconds = magnitude / 1'000'000'000;
  std::string text = fmt::format("{}{:02}:{:02}:{:02}", negative ? "-" : "", seconds / 3600,
                                 seconds / 60 % 60, seconds % 60);
  const uint64_t fraction = magnitude % 1'000'000'000;
  if (fraction == 0) return text;
  text += fmt::format(".{:09}", fraction);
  return text.substr(0, text.find_last_not_of('0') + 1);
}

class TimeAppender : public Appender {
 public:
  explicit TimeAppender(const Array& array) : array_(array) {}
  Status Append(int64_t row, std::string* out) const override {
    const auto unit = static_cast<const arrow::TimeType&>(*array_.type()).unit();
    const int64_t value = array_.type_id() == Type::TIME32
                              ? static_cast<const arrow::Time32Array&>(array_).Value(row)
                              : static_cast<const arrow::Time64Array&>(array_).Value(row);
    constexpr int64_t kNanos[] = {1'000'000'000, 1'000'000, 1'000, 1};
    *out += ClockText(value * kNanos[unit]);
    return Status::OK();
  }

 private:
  const Array& array_;
};

void AppendPart(int64_t value, const char* unit, std::string* out) {
  if (value == 0) return;
  *out += fmt::format("{}{} {}{}", out->empty() ? "" : " ", value, unit,
                      value == 1 || value == -1 ? "" : "s");
}

class IntervalAppender : public Appender {
 public:
  explicit IntervalAppender(const Array& array) : array_(array) {}
  Status Append(int64_t row, std::string* out) const override {
    const auto value = static_cast<const arrow::MonthDayNanoIntervalArray&>(array_).GetValue(row);
    std::string text;
    AppendPart(value.months / 12, "year", &text);
    AppendPart(value.months % 12, "month", &text);
    AppendPart(value.days, "day", &text);
    if (value.nanoseconds != 0 || text.empty()) {
      text += (text.empty() ? "" : " ") + ClockText(value.nanoseconds);
    }
    *out += text;
    return Status::OK();
  }

 private:
  const Array& array_;
};

class DurationAppender : public Appender {
 public:
  explicit DurationAppender(const Array& array) : array_(array) {}
  Status Append(int64_t row, std::string* out) const override {
    const auto& durations = static_cast<const arrow::DurationArray&>(array_);
    const auto unit = static_cast<const arrow::DurationType&>(*array_.type()).unit();
    constexpr int64_t kPerSecond[] = {1, 1'000, kMicrosPerSecond, 1'000'000'000};
    constexpr int64_t kSecondsPerDay = 24 * kSecondsPerHour;
    const int64_t value = durations.Value(row);
    const int64_t seconds = value / kPerSecond[unit];
    const int64_t nanos = value % kPerSecond[unit] * (1'000'000'000 / kPerSecond[unit]) +
                          seconds % kSecondsPerDay * 1'000'000'000;
    std::string text;
    AppendPart(seconds / kSecondsPerDay, "day", &text);
    if (nanos != 0 || text.empty()) text += (text.empty() ? "" : " ") + ClockText(nanos);
    *out += text;
    return Status::OK();
  }

 private:
  const Array& array_;
};

class UuidAppender : public Appender {
 public:
  explicit UuidAppender(std::shared_ptr<Array> storage) : storage_(std::move(storage)) {}
  Status Append(int64_t row, std::string* out) const override {
    const auto bytes = static_cast<const arrow::FixedSizeBinaryArray&>(*storage_).GetView(row);
    for (size_t i = 0; i < bytes.size(); ++i) {
      if (i == 4 || i == 6 || i == 8 || i == 10) *out += '-';
      *out += fmt::format("{:02x}", static_cast<unsigned char>(bytes[i]));
    }
    return Status::OK();
  }

 private:
  std::shared_ptr<Array> storage_;
};

// [1, 2], of lists of every kind; of maps {k=v}.
class ListAppender : public Appender {
 public:
  ListAppender(const Array& array, std::shared_ptr<Array> values, AppenderPtr value)
      : array_(array), values_(std::move(values)), value_(std::move(value)) {}

  Status Append(int64_t row, std::string* out) const override {
    const auto [begin, end] = Bounds(row);
    *out += '[';
    for (int64_t i = begin; i < end; ++i) {
      if (i > begin) *out += ", ";
      ARROW_RETURN_NOT_OK(AppendOrNull(*values_, *value_, i, out));
    }
    *out += ']';
    return Status::OK();
  }

 private:
  std::pair<int64_t, int64_t> Bounds(int64_t row) const {
    const auto of = [row](const auto& list) {
      return std::pair<int64_t, int64_t>(list.value_offset(row),
                                         list.value_offset(row) + list.value_length(row));
    };
    switch (array_.type_id()) {
      case Type::LARGE_LIST:
        return of(static_cast<const arrow::LargeListArray&>(array_));
      case Type::FIXED_SIZE_LIST:
        return of(static_cast<const arrow::FixedSizeListArray&>(array_));
      case Type::LIST_VIEW:
        return of(static_cast<const arrow::ListViewArray&>(array_));
      default:
        return of(static_cast<const arrow::ListArray&>(array_));
    }
  }

  const Array& array_;
  std::shared_ptr<Array> values_;
  AppenderPtr value_;
};

class MapAppender : public Appender {
 public:
  MapAppender(const arrow::MapArray& map, AppenderPtr key, AppenderPtr item)
      : map_(map), key_(std::move(key)), item_(std::move(item)) {}

  Status Append(int64_t row, std::string* out) const override {
    *out += '{';
    for (int64_t i = map_.value_offset(row); i < map_.value_offset(row + 1); ++i) {
      if (i > map_.value_offset(row)) *out += ", ";
      ARROW_RETURN_NOT_OK(AppendOrNull(*map_.keys(), *key_, i, out));
      *out += '=';
      ARROW_RETURN_NOT_OK(AppendOrNull(*map_.items(), *item_, i, out));
    }
    *out += '}';
    return Status::OK();
  }

 private:
  const arrow::MapArray& map_;
  AppenderPtr key_;
  AppenderPtr item_;
};

// {'a': 1}
class StructAppender : public Appender {
 public:
  StructAppender(const arrow::StructArray& array, arrow::ArrayVector fields,
                 std::vector<AppenderPtr> values)
      : array_(array), fields_(std::move(fields)), values_(std::move(values)) {}

  Status Append(int64_t row, std::string* out) const override {
    *out += '{';
    for (size_t i = 0; i < fields_.size(); ++i) {
      *out += fmt::format("{}'{}': ", i > 0 ? ", " : "",
                          array_.type()->field(static_cast<int>(i))->name());
      ARROW_RETURN_NOT_OK(AppendOrNull(*fields_[i], *values_[i], row, out));
    }
    *out += '}';
    return Status::OK();
  }

 private:
  const arrow::StructArray& array_;
  arrow::ArrayVector fields_;
  std::vector<AppenderPtr> values_;
};

class DictionaryAppender : public Appender {
 public:
  DictionaryAppender(const arrow::DictionaryArray& array, AppenderPtr value)
      : array_(array), value_(std::move(value)) {}
  Status Append(int64_t row, std::string* out) const override {
    return AppendOrNull(*array_.dictionary(), *value_, array_.GetValueIndex(row), out);
  }

 private:
  const arrow::DictionaryArray& array_;
  AppenderPtr value_;
};

// Unions and whatever else is rare: Arrow's own text of a value.
class ScalarAppender : public Appender {
 public:
  explicit ScalarAppender(const Array& array) : array_(array) {}
  Status Append(int64_t row, std::string* out) const override {
    ARROW_ASSIGN_OR_RAISE(auto value, array_.GetScalar(row));
    while (arrow::is_union(value->type->id())) {
      value = value->type->id() == Type::SPARSE_UNION
                  ? static_cast<const arrow::SparseUnionScalar&>(*value).child_value()
                  : static_cast<const arrow::DenseUnionScalar&>(*value).value;
    }
    *out += value->is_valid ? value->ToString() : kNull;
    return Status::OK();
  }

 private:
  const Array& array_;
};

arrow::Result<AppenderPtr> MakeListAppender(const Array& array,
                                            const std::shared_ptr<Array>& values) {
  ARROW_ASSIGN_OR_RAISE(auto value, MakeAppender(*values));
  return std::make_unique<ListAppender>(array, values, std::move(value));
}

arrow::Result<AppenderPtr> MakeStructAppender(const arrow::StructArray& array) {
  std::vector<AppenderPtr> values;
  arrow::ArrayVector fields = array.fields();
  for (const auto& field : fields) {
    ARROW_ASSIGN_OR_RAISE(values.emplace_back(), MakeAppender(*field));
  }
  return std::make_unique<StructAppender>(array, std::move(fields), std::move(values));
}

arrow::Result<AppenderPtr> MakeExtensionAppender(const arrow::ExtensionArray& array) {
  if (plan::IsUuid(*array.type())) return std::make_unique<UuidAppender>(array.storage());
  return MakeAppender(*array.storage());
}

// `array` with a null wherever it has no end or no beginning: Arrow has no text for those.
arrow::Result<std::shared_ptr<Array>> FiniteMoments(const Array& array) {
  const auto data = array.data()->Copy();
  ARROW_ASSIGN_OR_RAISE(data->buffers[0],
                        arrow::AllocateEmptyBitmap(data->offset + array.length()));
  for (int64_t row = 0; row < array.length(); ++row) {
    arrow::bit_util::SetBitTo(data->buffers[0]->mutable_data(), data->offset + row,
                              array.IsValid(row) && SignOfInfinity(array, row) == 0);
  }
  data->null_count = arrow::kUnknownNullCount;
  return arrow::MakeArray(data);
}

arrow::Result<AppenderPtr> MakeMomentAppender(const Array& array) {
  ARROW_ASSIGN_OR_RAISE(const auto finite, FiniteMoments(array));
  ARROW_ASSIGN_OR_RAISE(auto text, arrow::compute::Cast(*finite, arrow::utf8()));
  return std::make_unique<MomentAppender>(array, std::move(text));
}

arrow::Result<AppenderPtr> MakeAppender(const Array& array) {
  switch (array.type_id()) {
    case Type::DATE32:
    case Type::TIMESTAMP:
      return MakeMomentAppender(array);
    case Type::TIME32:
    case Type::TIME64:
      return std::make_unique<TimeAppender>(array);
    case Type::DURATION:
      return std::make_unique<DurationAppender>(array);
    case Type::INTERVAL_MONTH_DAY_NANO:
      return std::make_unique<IntervalAppender>(array);
    case Type::EXTENSION:
      return MakeExtensionAppender(static_cast<const arrow::ExtensionArray&>(array));
    case Type::LIST:
      return MakeListAppender(array, static_cast<const arrow::ListArray&>(array).values());
    case Type::LARGE_LIST:
      return MakeListAppender(array, static_cast<const arrow::LargeListArray&>(array).values());
    case Type::LIST_VIEW:
      return MakeListAppender(array, static_cast<const arrow::ListViewArray&>(array).values());
    case Type::FIXED_SIZE_LIST:
      return MakeListAppender(array, static_cast<const arrow::FixedSizeListArray&>(array).values());
    case Type::MAP: {
      const auto& map = static_cast<const arrow::MapArray&>(array);
      ARROW_ASSIGN_OR_RAISE(auto key, MakeAppender(*map.keys()));
      ARROW_ASSIGN_OR_RAISE(auto item, MakeAppender(*map.items()));
      return std::make_unique<MapAppender>(map, std::move(key), std::move(item));
    }
    case Type::STRUCT:
      return MakeStructAppender(static_cast<const arrow::StructArray&>(array));
    case Type::DICTIONARY: {
      const auto& encoded = static_cast<const arrow::DictionaryArray&>(array);
      ARROW_ASSIGN_OR_RAISE(auto value, MakeAppender(*encoded.dictionary()));
      return std::make_unique<DictionaryAppender>(encoded, std::move(value));
    }
    default:
      break;
  }
  if (HoldsBytes(*array.type())) return std::make_unique<BytesAppender>(array);
  if (!arrow::compute::CanCast(*array.type(), *arrow::utf8())) {
    return std::make_unique<ScalarAppender>(array);
  }
  ARROW_ASSIGN_OR_RAISE(auto text, arrow::compute::Cast(array, arrow::utf8()));
  return std::make_unique<CastAppender>(std::move(text));
}

}  // namespace

arrow::Result<std::shared_ptr<arrow::StringArray>> TextOf(const Array& column) {
  ARROW_ASSIGN_OR_RAISE(const auto values, MakeAppender(column));
  arrow::StringBuilder builder;
  ARROW_RETURN_NOT_OK(builder.Reserve(column.length()));
  std::string text;
  for (int64_t row = 0; row < column.length(); ++row) {
    if (column.IsNull(row)) {
      ARROW_RETURN_NOT_OK(builder.AppendNull());
      continue;
    }
    text.clear();
    ARROW_RETURN_NOT_OK(values->Append(row, &text));
    ARROW_RETURN_NOT_OK(builder.Append(text));
  }
  ARROW_ASSIGN_OR_RAISE(auto array, builder.Finish());
  return std::static_pointer_cast<arrow::StringArray>(array);
}

bool HoldsBytes(const arrow::DataType& type) {
  switch (type.id()) {
    case Type::BINARY:
    case Type::LARGE_BINARY:
    case Type::BINARY_VIEW:
    case Type::FIXED_SIZE_BINARY:
      return true;
    default:
      return false;
  }
}

arrow::Result<std::shared_ptr<arrow::StringArray>> Base64Of(const Array& column) {
  arrow::StringBuilder builder;
  for (int64_t row = 0; row < column.length(); ++row) {
    ARROW_ASSIGN_OR_RAISE(const auto value, column.GetScalar(row));
    const auto bytes = static_cast<const arrow::BaseBinaryScalar&>(*value).view();
    ARROW_RETURN_NOT_OK(value->is_valid ? builder.Append(arrow::util::base64_encode(bytes))
                                        : builder.AppendNull());
  }
  ARROW_ASSIGN_OR_RAISE(auto text, builder.Finish());
  return std::static_pointer_cast<arrow::StringArray>(text);
}

}  // namespace skyhook::cli
