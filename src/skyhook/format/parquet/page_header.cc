#include "skyhook/format/parquet/page_header.h"

#include "skyhook/base/status.h"
#include "skyhook/format/parquet/thrift_cursor.h"

namespace skyhook::format {
namespace {

/// What Arrow and others accept at most; headers are this long only through statistics of huge
/// values.
constexpr size_t kMaxHeaderBytes = 16 * 1024 * 1024;

using Field = ThriftCursor::Field;

int32_t Int32Of(ThriftCursor* cursor, const Field& field) {
  if (field.type == ThriftType::kInt32) return cursor->ReadInt32();
  cursor->Skip(field.type);
  return -1;
}

/// Unknown numbers become UNKNOWN, so that a switch over the enumeration stays defined.
parquet::Encoding::type EncodingOf(int32_t number) {
  const bool known = number >= 0 && number < parquet::Encoding::UNDEFINED && number != 1;
  return known ? static_cast<parquet::Encoding::type>(number) : parquet::Encoding::UNKNOWN;
}

void ReadDataHeader(ThriftCursor* cursor, PageHeader* header) {
  ReadStruct(cursor, [&](const Field& field) {
    switch (field.id) {
      case 1:
        header->num_values = Int32Of(cursor, field);
        break;
      case 2:
        header->encoding = EncodingOf(Int32Of(cursor, field));
        break;
      case 3:
        header->level_encoding = EncodingOf(Int32Of(cursor, field));
        break;
      default:
        cursor->Skip(field.type);
    }
  });
}

void ReadDictionaryHeader(ThriftCursor* cursor, PageHeader* header) {
  ReadStruct(cursor, [&](const Field& field) {
    switch (field.id) {
      case 1:
        header->num_values = Int32Of(cursor, field);
        break;
      case 2:
        header->encoding = EncodingOf(Int32Of(cursor, field));
        break;
      default:
        cursor->Skip(field.type);
    }
  });
}

void ReadDataHeaderV2(ThriftCursor* cursor, PageHeader* header) {
  ReadStruct(cursor, [&](const Field& field) {
    switch (field.id) {
      case 1:
        header->num_values = Int32Of(cursor, field);
        break;
      case 4:
        header->encoding = EncodingOf(Int32Of(cursor, field));
        break;
      case 5:
        header->definition_bytes = Int32Of(cursor, field);
        break;
      case 6:
        header->repetition_bytes = Int32Of(cursor, field);
        break;
      case 7:
        header->is_compressed = field.type == ThriftType::kTrue;
        break;
      default:
        cursor->Skip(field.type);
    }
  });
}

/// The struct that a page of `kind` must bring, by its field id in PageHeader.
int32_t BodyField(PageHeader::Kind kind) {
  switch (kind) {
    case PageHeader::Kind::kData:
      return 5;
    case PageHeader::Kind::kDictionary:
      return 7;
    case PageHeader::Kind::kDataV2:
      return 8;
    case PageHeader::Kind::kOther:
      break;
  }
  return 0;
}

PageHeader::Kind KindOf(int32_t type) {
  switch (type) {
    case 0:
      return PageHeader::Kind::kData;
    case 2:
      return PageHeader::Kind::kDictionary;
    case 3:
      return PageHeader::Kind::kDataV2;
    default:
      return PageHeader::Kind::kOther;
  }
}

void ReadBody(ThriftCursor* cursor, const Field& field, PageHeader* header) {
  if (field.type != ThriftType::kStruct || field.id != BodyField(header->kind)) {
    cursor->Skip(field.type);
  } else if (header->kind == PageHeader::Kind::kData) {
    ReadDataHeader(cursor, header);
  } else if (header->kind == PageHeader::Kind::kDictionary) {
    ReadDictionaryHeader(cursor, header);
  } else {
    ReadDataHeaderV2(cursor, header);
  }
}

void ReadHeader(ThriftCursor* cursor, PageHeader* header) {
  ReadStruct(cursor, [&](const Field& field) {
    switch (field.id) {
      case 1:
        header->kind = KindOf(Int32Of(cursor, field));
        break;
      case 2:
        header->uncompressed_size = Int32Of(cursor, field);
        break;
      case 3:
        header->compressed_size = Int32Of(cursor, field);
        break;
      case 4:
        header->crc = static_cast<uint32_t>(Int32Of(cursor, field));
        break;
      default:
        ReadBody(cursor, field, header);
    }
  });
}

arrow::Status Check(const PageHeader& header) {
  if (header.compressed_size < 0 || header.uncompressed_size < 0 || header.num_values < 0 ||
      header.repetition_bytes < 0 || header.definition_bytes < 0) {
    return base::CorruptData(
        "page header with a negative size: {} compressed, {} uncompressed, {} values, {} and {} "
        "bytes of levels",
        header.compressed_size, header.uncompressed_size, header.num_values,
        header.repetition_bytes, header.definition_bytes);
  }
  const bool has_body = header.encoding != parquet::Encoding::UNKNOWN;
  if (header.kind != PageHeader::Kind::kOther && !has_body) {
    return base::CorruptData("page header without a known encoding");
  }
  return arrow::Status::OK();
}

}  // namespace

arrow::Result<std::optional<PageHeader>> ParsePageHeader(std::span<const uint8_t> bytes) {
  ThriftCursor cursor(bytes);
  PageHeader header;
  ReadHeader(&cursor, &header);
  if (cursor.state() == ThriftCursor::State::kShort && bytes.size() < kMaxHeaderBytes) {
    return std::nullopt;
  }
  if (!cursor.good() || cursor.position() > kMaxHeaderBytes) {
    return base::CorruptData("malformed page header");
  }
  ARROW_RETURN_NOT_OK(Check(header));
  header.header_size = static_cast<int32_t>(cursor.position());
  return header;
}

}  // namespace skyhook::format
