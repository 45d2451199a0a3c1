#include "skyhook/client/declared.h"

#include <arrow/array.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/cast.h>
#include <arrow/datum.h>
#include <arrow/extension_type.h>

#include <utility>
#include <vector>

#include "skyhook/base/status.h"
#include "skyhook/client/scan.h"
#include "skyhook/plan/types.h"
#include "skyhook/vector/gather.h"

namespace skyhook::client {
namespace {

using arrow::Type;

/// The declared type of a plain column or a field of one, whose root is declared as `root`.
std::shared_ptr<arrow::DataType> DeclaredTypeOf(const plan::Expression& expression,
                                                const std::shared_ptr<arrow::DataType>& root) {
  if (expression.kind() != plan::Expression::Kind::kField) return root;
  const auto parent = DeclaredTypeOf(*expression.arguments()[0], root);
  return parent->id() == Type::STRUCT ? parent->field(expression.column())->type()
                                      : expression.type();
}

/// The table's type of a projected column that is a plain column or a field of one, else null.
std::shared_ptr<arrow::DataType> DeclaredType(const plan::Pipeline& pipeline, int projected,
                                              const arrow::Schema& declared) {
  const plan::Expression& expression = *pipeline.projection[projected].expression;
  const bool plain = expression.kind() == plan::Expression::Kind::kColumn ||
                     expression.kind() == plan::Expression::Kind::kField;
  if (!plain) return nullptr;
  const int column = plan::PathOf(expression).column;
  const auto field = declared.GetFieldByName(pipeline.input->field(column)->name());
  return field == nullptr ? nullptr : DeclaredTypeOf(expression, field->type());
}

bool IsOneOfItsValues(plan::AggregateFunction function) {
  switch (function) {
    case plan::AggregateFunction::kMin:
    case plan::AggregateFunction::kMax:
    case plan::AggregateFunction::kFirst:
    case plan::AggregateFunction::kLast:
    case plan::AggregateFunction::kAnyValue:
      return true;
    default:
      return false;
  }
}

/// By result column: the projected column whose values it holds, or -1.
std::vector<int> SourcesOf(const plan::Pipeline& pipeline) {
  std::vector<int> sources;
  if (!pipeline.aggregate.has_value()) {
    for (size_t i = 0; i < pipeline.projection.size(); ++i) {
      sources.push_back(static_cast<int>(i));
    }
    return sources;
  }
  sources = pipeline.aggregate->keys;
  for (const plan::Measure& measure : pipeline.aggregate->measures) {
    sources.push_back(IsOneOfItsValues(measure.function) ? measure.argument : -1);
  }
  return sources;
}

arrow::Result<std::shared_ptr<arrow::Array>> CastTo(const std::shared_ptr<arrow::Array>& array,
                                                    const std::shared_ptr<arrow::DataType>& type);

/// Of a dictionary array, each value once.
arrow::Result<std::shared_ptr<arrow::Array>> CastDictionary(
    const arrow::Array& array, const std::shared_ptr<arrow::DataType>& type) {
  if (type->id() != Type::DICTIONARY) {
    ARROW_ASSIGN_OR_RAISE(auto flat, vector::Flatten(*array.data(), arrow::default_memory_pool()));
    return CastTo(arrow::MakeArray(std::move(flat)), type);
  }
  const auto& shown = static_cast<const arrow::DictionaryType&>(*type);
  const auto& stored = static_cast<const arrow::DictionaryArray&>(array);
  ARROW_ASSIGN_OR_RAISE(const auto values, CastTo(stored.dictionary(), shown.value_type()));
  ARROW_ASSIGN_OR_RAISE(const auto indices, CastTo(stored.indices(), shown.index_type()));
  return std::make_shared<arrow::DictionaryArray>(type, indices, values);
}

arrow::Result<std::shared_ptr<arrow::Array>> CastTo(const std::shared_ptr<arrow::Array>& array,
                                                    const std::shared_ptr<arrow::DataType>& type) {
  if (array->type()->Equals(*type)) return array;
  if (type->id() == Type::EXTENSION) {
    const auto& storage = static_cast<const arrow::ExtensionType&>(*type).storage_type();
    ARROW_ASSIGN_OR_RAISE(const auto stored, CastTo(array, storage));
    return arrow::ExtensionType::WrapArray(type, stored);
  }
  if (array->type_id() == Type::DICTIONARY) return CastDictionary(*array, type);
  if (type->id() == Type::DICTIONARY) {
    const auto& values = static_cast<const arrow::DictionaryType&>(*type).value_type();
    ARROW_ASSIGN_OR_RAISE(const auto plain, CastTo(array, values));
    ARROW_ASSIGN_OR_RAISE(const auto encoded, arrow::compute::DictionaryEncode(plain));
    const auto& dictionary = encoded.array_as<arrow::DictionaryArray>();
    return std::make_shared<arrow::DictionaryArray>(type, dictionary->indices(),
                                                    dictionary->dictionary());
  }
  return arrow::compute::Cast(*array, type);
}

class DeclaredReader : public arrow::RecordBatchReader {
 public:
  DeclaredReader(std::shared_ptr<Scan> scan, std::unique_ptr<ScanStream> stream)
      : scan_(std::move(scan)), stream_(std::move(stream)) {}

  std::shared_ptr<arrow::Schema> schema() const override { return scan_->declared_schema(); }

  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    if (stream_ == nullptr) return base::Invalid("the reader is closed");
    ARROW_ASSIGN_OR_RAISE(*batch, stream_->Next());
    if (*batch == nullptr) return arrow::Status::OK();
    return ToDeclared(**batch, schema()).Value(batch);
  }

  arrow::Status Close() override {
    stream_.reset();
    return arrow::Status::OK();
  }

 private:
  std::shared_ptr<Scan> scan_;
  std::unique_ptr<ScanStream> stream_;
};

}  // namespace

std::shared_ptr<arrow::DataType> ShownType(const std::shared_ptr<arrow::DataType>& type) {
  switch (type->id()) {
    case Type::STRING_VIEW:
      return arrow::utf8();
    case Type::BINARY_VIEW:
      return arrow::binary();
    case Type::DECIMAL32:
    case Type::DECIMAL64: {
      const auto& decimal = static_cast<const arrow::DecimalType&>(*type);
      return arrow::decimal128(decimal.precision(), decimal.scale());
    }
    case Type::DICTIONARY: {
      // A batch may hold more values than the dictionaries of the file had, each for itself.
      const auto& dictionary = static_cast<const arrow::DictionaryType&>(*type);
      return arrow::dictionary(arrow::int32(), ShownType(dictionary.value_type()),
                               dictionary.ordered());
    }
    default:
      return type;
  }
}

arrow::Status CheckInput(const arrow::Schema& input, const Table& table) {
  for (const auto& field : input.fields()) {
    const auto declared = table.schema->GetFieldByName(field->name());
    if (declared == nullptr) {
      return base::Invalid("'{}' has no column '{}'", table.name, field->name());
    }
    const auto type = plan::EngineType(declared->type());
    if (!type->Equals(*field->type())) {
      return base::Invalid("column '{}' of '{}' is {}, not {}", field->name(), table.name,
                           type->ToString(), field->type()->ToString());
    }
  }
  return arrow::Status::OK();
}

std::shared_ptr<arrow::Schema> DeclaredSchema(const plan::Pipeline& pipeline,
                                              const arrow::Schema& declared) {
  const std::shared_ptr<arrow::Schema> result = pipeline.ResultSchema();
  const std::vector<int> sources = SourcesOf(pipeline);
  arrow::FieldVector fields;
  for (int i = 0; i < result->num_fields(); ++i) {
    std::shared_ptr<arrow::DataType> type =
        sources[i] < 0 ? nullptr : DeclaredType(pipeline, sources[i], declared);
    if (type == nullptr) type = result->field(i)->type();
    fields.push_back(result->field(i)->WithType(ShownType(type)));
  }
  return arrow::schema(std::move(fields));
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> ToDeclared(
    const arrow::RecordBatch& batch, const std::shared_ptr<arrow::Schema>& schema) {
  if (batch.num_columns() != schema->num_fields()) {
    return base::Invalid("a batch of {} columns cannot be shown as {} columns", batch.num_columns(),
                         schema->num_fields());
  }
  arrow::ArrayVector columns;
  for (int i = 0; i < batch.num_columns(); ++i) {
    auto column = CastTo(batch.column(i), schema->field(i)->type());
    if (!column.ok()) {
      return base::AddContext(column.status(),
                              fmt::format("column '{}' as {}", schema->field(i)->name(),
                                          schema->field(i)->type()->ToString()));
    }
    columns.push_back(*std::move(column));
  }
  return arrow::RecordBatch::Make(schema, batch.num_rows(), std::move(columns));
}

arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> ToReader(std::shared_ptr<Scan> scan) {
  ARROW_ASSIGN_OR_RAISE(auto stream, scan->OpenStream());
  return std::make_shared<DeclaredReader>(std::move(scan), std::move(stream));
}

}  // namespace skyhook::client
