#include <arrow/array/array_dict.h>
#include <arrow/array/array_nested.h>
#include <arrow/util/base64.h>
#include <fmt/format.h>

#include <cmath>
#include <utility>
#include <vector>

#include "cli/output.h"
#include "cli/value_text.h"

namespace skyhook::cli {
namespace {

using arrow::Status;
using arrow::Type;

void AppendString(std::string_view text, std::string* out) {
  *out += '"';
  for (char c : text) {
    switch (c) {
      case '"':
        *out += "\\\"";
        break;
      case '\\':
        *out += "\\\\";
        break;
      case '\n':
        *out += "\\n";
        break;
      case '\r':
        *out += "\\r";
        break;
      case '\t':
        *out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          *out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        } else {
          *out += c;
        }
    }
  }
  *out += '"';
}

Status AppendValue(const arrow::Array& array, int64_t row, std::string* out);

// The shortest text that gives `value` back. JSON has no NaN and no infinity: they become text.
template <typename Float>
void AppendFloat(Float value, std::string* out) {
  if (std::isfinite(value)) {
    *out += fmt::format("{}", value);
  } else {
    AppendString(std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity", out);
  }
}

Status AppendList(const arrow::Array& values, int64_t begin, int64_t end, std::string* out) {
  *out += '[';
  for (int64_t i = begin; i < end; ++i) {
    if (i > begin) *out += ',';
    ARROW_RETURN_NOT_OK(AppendValue(values, i, out));
  }
  *out += ']';
  return Status::OK();
}

Status AppendStruct(const arrow::StructArray& array, int64_t row, std::string* out) {
  *out += '{';
  for (int i = 0; i < array.num_fields(); ++i) {
    if (i > 0) *out += ',';
    AppendString(array.struct_type()->field(i)->name(), out);
    *out += ':';
    ARROW_RETURN_NOT_OK(AppendValue(*array.field(i), row, out));
  }
  *out += '}';
  return Status::OK();
}

bool IsNumber(const arrow::DataType& type) {
  return arrow::is_integer(type.id()) || arrow::is_decimal(type.id());
}

// Types without a form of their own: as SQL writes them.
Status AppendAsText(const arrow::Array& array, int64_t row, std::string* out) {
  ARROW_ASSIGN_OR_RAISE(const auto text, TextOf(*array.Slice(row, 1)));
  if (IsNumber(*array.type())) {
    *out += text->GetView(0);
  } else {
    AppendString(text->GetView(0), out);
  }
  return Status::OK();
}

Status AppendOther(const arrow::Array& array, int64_t row, std::string* out) {
  if (!HoldsBytes(*array.type())) return AppendAsText(array, row, out);
  ARROW_ASSIGN_OR_RAISE(const auto value, array.GetScalar(row));
  const auto bytes = static_cast<const arrow::BaseBinaryScalar&>(*value).view();
  AppendString(arrow::util::base64_encode(bytes), out);
  return Status::OK();
}

Status AppendValue(const arrow::Array& array, int64_t row, std::string* out) {
  if (array.IsNull(row)) {
    *out += "null";
    return Status::OK();
  }
  switch (array.type_id()) {
    case Type::BOOL:
      *out += static_cast<const arrow::BooleanArray&>(array).Value(row) ? "true" : "false";
      return Status::OK();
    case Type::INT32:
      *out += fmt::format("{}", static_cast<const arrow::Int32Array&>(array).Value(row));
      return Status::OK();
    case Type::INT64:
      *out += fmt::format("{}", static_cast<const arrow::Int64Array&>(array).Value(row));
      return Status::OK();
    case Type::FLOAT:
      AppendFloat(static_cast<const arrow::FloatArray&>(array).Value(row), out);
      return Status::OK();
    case Type::DOUBLE:
      AppendFloat(static_cast<const arrow::DoubleArray&>(array).Value(row), out);
      return Status::OK();
    case Type::STRING:
      AppendString(static_cast<const arrow::StringArray&>(array).GetView(row), out);
      return Status::OK();
    case Type::BINARY:
      AppendString(
          arrow::util::base64_encode(static_cast<const arrow::BinaryArray&>(array).GetView(row)),
          out);
      return Status::OK();
    case Type::LIST:
    case Type::MAP: {
      const auto& list = static_cast<const arrow::ListArray&>(array);
      return AppendList(*list.values(), list.value_offset(row), list.value_offset(row + 1), out);
    }
    case Type::FIXED_SIZE_LIST: {
      const auto& list = static_cast<const arrow::FixedSizeListArray&>(array);
      return AppendList(*list.values(), list.value_offset(row), list.value_offset(row + 1), out);
    }
    case Type::DICTIONARY: {
      const auto& values = static_cast<const arrow::DictionaryArray&>(array);
      return AppendValue(*values.dictionary(), values.GetValueIndex(row), out);
    }
    case Type::STRUCT:
      return AppendStruct(static_cast<const arrow::StructArray&>(array), row, out);
    default:
      return AppendOther(array, row, out);
  }
}

// Whether AppendValue has a form for the type; others are turned into text a batch at a time.
bool HasForm(const arrow::DataType& type) {
  switch (type.id()) {
    case Type::BOOL:
    case Type::INT32:
    case Type::INT64:
    case Type::FLOAT:
    case Type::DOUBLE:
    case Type::STRING:
    case Type::BINARY:
    case Type::DICTIONARY:
      return true;
    default:
      return arrow::is_nested(type.id()) || HoldsBytes(type);
  }
}

class JsonWriter : public RowWriter {
 public:
  JsonWriter(Sink sink, std::shared_ptr<arrow::Schema> schema)
      : sink_(std::move(sink)), schema_(std::move(schema)) {
    for (const auto& field : schema_->fields()) {
      std::string name;
      AppendString(field->name(), &name);
      names_.push_back(name + ':');
    }
  }

  Status Write(const arrow::RecordBatch& batch) override {
    ARROW_ASSIGN_OR_RAISE(const std::vector<Column> columns, ColumnsOf(batch));
    std::string out;
    for (int64_t row = 0; row < batch.num_rows(); ++row) {
      out += '{';
      for (size_t i = 0; i < columns.size(); ++i) {
        if (i > 0) out += ',';
        out += names_[i];
        ARROW_RETURN_NOT_OK(AppendCell(columns[i], row, &out));
      }
      out += "}\n";
      if (static_cast<int64_t>(out.size()) < kPieceBytes) continue;
      ARROW_RETURN_NOT_OK(Emit(out));
      out.clear();
    }
    return Emit(out);
  }

  Status Finish() override { return Status::OK(); }

 private:
  static constexpr int64_t kPieceBytes = 1 << 20;

  struct Column {
    std::shared_ptr<arrow::Array> values;
    bool is_number_as_text = false;
  };

  arrow::Result<std::vector<Column>> ColumnsOf(const arrow::RecordBatch& batch) const {
    std::vector<Column> columns;
    for (const auto& values : batch.columns()) {
      Column& column = columns.emplace_back(Column{values});
      if (HasForm(*values->type())) continue;
      ARROW_ASSIGN_OR_RAISE(column.values, TextOf(*values));
      column.is_number_as_text = IsNumber(*values->type());
    }
    return columns;
  }

  static Status AppendCell(const Column& column, int64_t row, std::string* out) {
    if (!column.is_number_as_text || column.values->IsNull(row)) {
      return AppendValue(*column.values, row, out);
    }
    *out += static_cast<const arrow::StringArray&>(*column.values).GetView(row);
    return Status::OK();
  }

  Status Emit(const std::string& text) {
    return sink_.stream->Write(text.data(), static_cast<int64_t>(text.size()));
  }

  Sink sink_;
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<std::string> names_;
};

}  // namespace

std::unique_ptr<RowWriter> MakeJsonWriter(const Sink& sink,
                                          const std::shared_ptr<arrow::Schema>& schema) {
  return std::make_unique<JsonWriter>(sink, schema);
}

}  // namespace skyhook::cli
