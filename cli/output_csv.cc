#include <utility>
#include <vector>

#include "cli/output.h"
#include "cli/value_text.h"

namespace skyhook::cli {
namespace {

using arrow::Status;

bool IsText(const arrow::DataType& type) {
  if (type.id() == arrow::Type::DICTIONARY) {
    return IsText(*static_cast<const arrow::DictionaryType&>(type).value_type());
  }
  return arrow::is_string(type.id()) || type.id() == arrow::Type::STRING_VIEW || HoldsBytes(type);
}

void AppendQuoted(std::string_view text, std::string* out) {
  *out += '"';
  for (const char c : text) {
    if (c == '"') *out += '"';
    *out += c;
  }
  *out += '"';
}

bool NeedsQuotes(std::string_view text) {
  return text.find_first_of(",\"\r\n") != std::string_view::npos;
}

// RFC 4180 with line feeds. NULL is an empty field, text always stands in quotes, so that the two
// differ; bytes go out in base64, all other types as SQL writes them.
class CsvWriter : public RowWriter {
 public:
  CsvWriter(const Sink& sink, std::shared_ptr<arrow::Schema> schema)
      : sink_(sink), schema_(std::move(schema)) {}

  Status Write(const arrow::RecordBatch& batch) override {
    ARROW_RETURN_NOT_OK(BeginOnce());
    std::vector<std::shared_ptr<arrow::StringArray>> columns;
    for (const auto& column : batch.columns()) {
      ARROW_ASSIGN_OR_RAISE(columns.emplace_back(),
                            HoldsBytes(*column->type()) ? Base64Of(*column) : TextOf(*column));
    }
    std::string out;
    for (int64_t row = 0; row < batch.num_rows(); ++row) {
      for (size_t i = 0; i < columns.size(); ++i) {
        if (i > 0) out += ',';
        AppendField(*columns[i], row, *batch.column(static_cast<int>(i))->type(), &out);
      }
      out += '\n';
      if (static_cast<int64_t>(out.size()) < kPieceBytes) continue;
      ARROW_RETURN_NOT_OK(Emit(out));
      out.clear();
    }
    return Emit(out);
  }

  Status Finish() override { return BeginOnce(); }

 private:
  static constexpr int64_t kPieceBytes = 1 << 20;

  static void AppendField(const arrow::StringArray& texts, int64_t row, const arrow::DataType& type,
                          std::string* out) {
    if (texts.IsNull(row)) return;
    const std::string_view text = texts.GetView(row);
    if (IsText(type) || NeedsQuotes(text)) {
      AppendQuoted(text, out);
    } else {
      *out += text;
    }
  }

  // The names, once.
  Status BeginOnce() {
    if (std::exchange(begun_, true)) return Status::OK();
    std::string out;
    for (int i = 0; i < schema_->num_fields(); ++i) {
      if (i > 0) out += ',';
      const std::string& name = schema_->field(i)->name();
      if (NeedsQuotes(name)) {
        AppendQuoted(name, &out);
      } else {
        out += name;
      }
    }
    return Emit(out + "\n");
  }

  Status Emit(const std::string& text) {
    return sink_.stream->Write(text.data(), static_cast<int64_t>(text.size()));
  }

  Sink sink_;
  std::shared_ptr<arrow::Schema> schema_;
  bool begun_ = false;
};

}  // namespace

std::unique_ptr<RowWriter> MakeCsvWriter(const Sink& sink,
                                         const std::shared_ptr<arrow::Schema>& schema) {
  return std::make_unique<CsvWriter>(sink, schema);
}

}  // namespace skyhook::cli
