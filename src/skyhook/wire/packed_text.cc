#include "skyhook/wire/packed_text.h"

#include <arrow/array.h>
#include <arrow/util/binary_view_util.h>
#include <arrow/util/bitmap_ops.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <string_view>
#include <utility>

namespace skyhook::wire {

using arrow::Result;
using arrow::Status;
using View = arrow::BinaryViewType::c_type;
using ArrayPtr = std::shared_ptr<arrow::Array>;
using BatchPtr = std::shared_ptr<arrow::RecordBatch>;

namespace {

// Values of which a dictionary pays: their numbers fit into 16 bits.
constexpr size_t kMostValues = 4096;
// Those that come first tell columns of few values from others.
constexpr int64_t kProbedRows = 1024;

bool IsViews(const arrow::DataType& type) { return arrow::is_binary_view_like(type.id()); }

std::shared_ptr<arrow::DataType> PlainType(const arrow::DataType& views) {
  return views.id() == arrow::Type::STRING_VIEW ? arrow::utf8() : arrow::binary();
}

std::shared_ptr<arrow::DataType> ViewType(const arrow::DataType& plain) {
  return plain.id() == arrow::Type::STRING ? arrow::utf8_view() : arrow::binary_view();
}

std::string_view ValueOf(const View& view, const std::shared_ptr<arrow::Buffer>* buffers) {
  return arrow::util::FromBinaryView(view, buffers);
}

Result<std::shared_ptr<arrow::Buffer>> ValidityOf(const arrow::Array& array,
                                                  arrow::MemoryPool* pool) {
  if (array.null_count() == 0) return nullptr;
  return arrow::internal::CopyBitmap(pool, array.null_bitmap_data(), array.offset(),
                                     array.length());
}

// The values of one column by number. What is the same view of the same bytes is the same value;
// equal values elsewhere may get another number.
class ValueNumbers {
 public:
  ValueNumbers() : slots_(4 * kMostValues, -1) { values_.reserve(kMostValues); }

  size_t size() const { return values_.size(); }
  const std::vector<std::string_view>& values() const { return values_; }

  // The number of a value; -1 when there are too many.
  int Find(const View& view, const std::shared_ptr<arrow::Buffer>* buffers) {
    const Key key = KeyOf(view, buffers);
    for (size_t at = Hash(key);; ++at) {
      int& slot = slots_[at % slots_.size()];
      if (slot < 0) return Add(&slot, key, ValueOf(view, buffers));
      if (keys_[static_cast<size_t>(slot)] == key) return slot;
    }
  }

 private:
  // The view itself where it holds its characters, else where they lie; sizes tell the two apart.
  using Key = std::pair<uint64_t, uint64_t>;

  static Key KeyOf(const View& view, const std::shared_ptr<arrow::Buffer>* buffers) {
    if (!view.is_inline()) {
      const std::string_view value = ValueOf(view, buffers);
      return {value.size(), reinterpret_cast<uintptr_t>(value.data())};
    }
    Key key;
    std::memcpy(&key.first, &view, sizeof(key.first));
    std::memcpy(&key.second, reinterpret_cast<const char*>(&view) + sizeof(key.first),
                sizeof(key.second));
    return key;
  }

  static size_t Hash(const Key& key) {
    constexpr uint64_t kOdd = 0x9e3779b97f4a7c15;
    const uint64_t mixed = (key.first ^ (key.second * kOdd)) * kOdd;
    return static_cast<size_t>(mixed >> 32);
  }

  int Add(int* slot, const Key& key, std::string_view value) {
    if (values_.size() == kMostValues) return -1;
    *slot = static_cast<int>(values_.size());
    keys_.push_back(key);
    values_.push_back(value);
    return *slot;
  }

  std::vector<int> slots_;
  std::vector<Key> keys_;
  std::vector<std::string_view> values_;
};

// Characters side by side, for `values` of one array. Nothing when they are too many for offsets
// of 32 bits.
template <typename ValueAt>
Result<std::shared_ptr<arrow::ArrayData>> MakePlain(std::shared_ptr<arrow::DataType> type,
                                                    int64_t length, const ValueAt& value_at) {
  int64_t bytes = 0;
  for (int64_t i = 0; i < length; ++i) bytes += static_cast<int64_t>(value_at(i).size());
  if (bytes > std::numeric_limits<int32_t>::max()) return nullptr;
  ARROW_ASSIGN_OR_RAISE(auto offsets, arrow::AllocateBuffer((length + 1) * sizeof(int32_t)));
  ARROW_ASSIGN_OR_RAISE(auto characters, arrow::AllocateBuffer(bytes));
  auto* offset = offsets->mutable_data_as<int32_t>();
  char* to = characters->mutable_data_as<char>();
  int32_t end = 0;
  offset[0] = 0;
  for (int64_t i = 0; i < length; ++i) {
    const std::string_view value = value_at(i);
    std::copy(value.begin(), value.end(), to + end);
    end += static_cast<int32_t>(value.size());
    offset[i + 1] = end;
  }
  return arrow::ArrayData::Make(std::move(type), length,
                                {nullptr, std::move(offsets), std::move(characters)}, 0);
}

// A view column of all batches.
class ViewColumn {
 public:
  ViewColumn(const std::vector<BatchPtr>& batches, int column) {
    for (const BatchPtr& batch : batches) arrays_.push_back(batch->column(column));
  }

  // The column packed, an array for each batch; as it is when it cannot be.
  Result<std::vector<ArrayPtr>> Pack() {
    ARROW_ASSIGN_OR_RAISE(auto packed, AsDictionary());
    if (packed.empty()) {
      ARROW_ASSIGN_OR_RAISE(packed, AsPlain());
    }
    return packed.empty() ? arrays_ : packed;
  }

 private:
  static const View* ViewsOf(const arrow::Array& array) { return array.data()->GetValues<View>(1); }
  static const std::shared_ptr<arrow::Buffer>* CharactersOf(const arrow::Array& array) {
    return array.data()->buffers.data() + 2;
  }

  // Nothing when too many values occur.
  Result<std::vector<ArrayPtr>> AsDictionary() {
    ValueNumbers numbers;
    std::vector<std::shared_ptr<arrow::Buffer>> indices;
    int64_t rows = 0;
    for (const ArrayPtr& array : arrays_) {
      ARROW_ASSIGN_OR_RAISE(indices.emplace_back(),
                            arrow::AllocateBuffer(array->length() * sizeof(int16_t)));
      auto* index = indices.back()->mutable_data_as<int16_t>();
      for (int64_t i = 0; i < array->length(); ++i) {
        index[i] = 0;
        if (array->IsNull(i)) continue;
        const int number = numbers.Find(ViewsOf(*array)[i], CharactersOf(*array));
        if (number < 0) return std::vector<ArrayPtr>();
        index[i] = static_cast<int16_t>(number);
        if (++rows == kProbedRows && numbers.size() > kProbedRows / 4) {
          return std::vector<ArrayPtr>();
        }
      }
    }
    if (numbers.size() > static_cast<size_t>(rows / 2)) return std::vector<ArrayPtr>();
    return Numbered(numbers, indices);
  }

  Result<std::vector<ArrayPtr>> Numbered(
      const ValueNumbers& numbers, const std::vector<std::shared_ptr<arrow::Buffer>>& indices) {
    const auto plain = PlainType(*arrays_.front()->type());
    ARROW_ASSIGN_OR_RAISE(const auto values,
                          MakePlain(plain, static_cast<int64_t>(numbers.size()), [&](int64_t i) {
                            return numbers.values()[static_cast<size_t>(i)];
                          }));
    if (values == nullptr) return std::vector<ArrayPtr>();
    std::vector<ArrayPtr> out;
    for (size_t i = 0; i < arrays_.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(auto validity, ValidityOf(*arrays_[i], arrow::default_memory_pool()));
      auto data =
          arrow::ArrayData::Make(arrow::dictionary(arrow::int16(), plain), arrays_[i]->length(),
                                 {std::move(validity), indices[i]}, arrays_[i]->null_count());
      data->dictionary = values;
      out.push_back(arrow::MakeArray(std::move(data)));
    }
    return out;
  }

  Result<std::vector<ArrayPtr>> AsPlain() {
    std::vector<ArrayPtr> out;
    for (const ArrayPtr& array : arrays_) {
      ARROW_ASSIGN_OR_RAISE(auto data,
                            MakePlain(PlainType(*array->type()), array->length(), [&](int64_t i) {
                              if (array->IsNull(i)) return std::string_view();
                              return ValueOf(ViewsOf(*array)[i], CharactersOf(*array));
                            }));
      if (data == nullptr) return std::vector<ArrayPtr>();
      ARROW_ASSIGN_OR_RAISE(data->buffers[0], ValidityOf(*array, arrow::default_memory_pool()));
      data->null_count = array->null_count();
      out.push_back(arrow::MakeArray(std::move(data)));
    }
    return out;
  }

  std::vector<ArrayPtr> arrays_;
};

// Whether PackText makes such columns of views.
bool IsPacked(const arrow::DataType& type) {
  if (type.id() != arrow::Type::DICTIONARY) {
    return type.id() == arrow::Type::STRING || type.id() == arrow::Type::BINARY;
  }
  const auto& dictionary = static_cast<const arrow::DictionaryType&>(type);
  return dictionary.index_type()->id() == arrow::Type::INT16 &&
         IsPacked(*dictionary.value_type()) &&
         dictionary.value_type()->id() != arrow::Type::DICTIONARY;
}

std::shared_ptr<arrow::DataType> UnpackedType(const std::shared_ptr<arrow::DataType>& type) {
  if (!IsPacked(*type)) return type;
  if (type->id() != arrow::Type::DICTIONARY) return ViewType(*type);
  return ViewType(*static_cast<const arrow::DictionaryType&>(*type).value_type());
}

// Views of the values of `plain`, whose characters are the first variadic buffer; of nulls, empty
// ones.
void MakeViews(const arrow::BinaryArray& plain, View* out) {
  for (int64_t i = 0; i < plain.length(); ++i) {
    const std::string_view value = plain.IsNull(i) ? std::string_view() : plain.GetView(i);
    // Where there are no characters at all, there may be no address either, to copy none from.
    if (value.empty()) {
      out[i] = View{};
      continue;
    }
    out[i] = arrow::util::ToBinaryView(value.data(), static_cast<int32_t>(value.size()), 0,
                                       plain.value_offset(i));
  }
}

Result<ArrayPtr> Unpack(const ArrayPtr& packed, arrow::MemoryPool* pool) {
  if (!IsPacked(*packed->type())) return packed;
  const int64_t length = packed->length();
  ARROW_ASSIGN_OR_RAISE(auto views, arrow::AllocateBuffer(length * sizeof(View), pool));
  auto* view = views->mutable_data_as<View>();
  ARROW_ASSIGN_OR_RAISE(auto validity, ValidityOf(*packed, pool));
  std::shared_ptr<arrow::Buffer> characters;
  if (packed->type_id() == arrow::Type::DICTIONARY) {
    const auto& dictionary = static_cast<const arrow::DictionaryArray&>(*packed);
    const auto& values = static_cast<const arrow::BinaryArray&>(*dictionary.dictionary());
    if (values.null_count() > 0) return Status::Invalid("a dictionary of text with nulls");
    std::vector<View> of_values(static_cast<size_t>(values.length()));
    MakeViews(values, of_values.data());
    const auto* index = dictionary.indices()->data()->GetValues<int16_t>(1);
    for (int64_t i = 0; i < length; ++i) {
      view[i] = packed->IsNull(i) ? View{} : of_values[static_cast<size_t>(index[i])];
    }
    characters = values.value_data();
  } else {
    const auto& plain = static_cast<const arrow::BinaryArray&>(*packed);
    MakeViews(plain, view);
    characters = plain.value_data();
  }
  return arrow::MakeArray(arrow::ArrayData::Make(
      UnpackedType(packed->type()), length,
      {std::move(validity), std::move(views), std::move(characters)}, packed->null_count()));
}

}  // namespace

Result<std::vector<BatchPtr>> PackText(const std::vector<BatchPtr>& batches) {
  if (batches.empty()) return batches;
  std::vector<arrow::ArrayVector> columns(batches.size());
  arrow::FieldVector fields;
  for (int column = 0; column < batches.front()->num_columns(); ++column) {
    auto field = batches.front()->schema()->field(column);
    std::vector<ArrayPtr> packed;
    if (IsViews(*field->type())) {
      ARROW_ASSIGN_OR_RAISE(packed, ViewColumn(batches, column).Pack());
      field = field->WithType(packed.front()->type());
    }
    for (size_t i = 0; i < batches.size(); ++i) {
      columns[i].push_back(packed.empty() ? batches[i]->column(column) : packed[i]);
    }
    fields.push_back(std::move(field));
  }
  const auto schema = arrow::schema(std::move(fields), batches.front()->schema()->metadata());
  std::vector<BatchPtr> out;
  for (size_t i = 0; i < batches.size(); ++i) {
    out.push_back(arrow::RecordBatch::Make(schema, batches[i]->num_rows(), std::move(columns[i])));
  }
  return out;
}

std::shared_ptr<arrow::Schema> UnpackedSchema(const arrow::Schema& packed) {
  arrow::FieldVector fields;
  for (const auto& field : packed.fields()) {
    fields.push_back(field->WithType(UnpackedType(field->type())));
  }
  return arrow::schema(std::move(fields), packed.metadata());
}

Result<BatchPtr> UnpackText(const arrow::RecordBatch& packed,
                            const std::shared_ptr<arrow::Schema>& schema, arrow::MemoryPool* pool) {
  arrow::ArrayVector columns;
  for (const ArrayPtr& column : packed.columns()) {
    ARROW_ASSIGN_OR_RAISE(columns.emplace_back(), Unpack(column, pool));
  }
  return arrow::RecordBatch::Make(schema, packed.num_rows(), std::move(columns));
}

}  // namespace skyhook::wire
