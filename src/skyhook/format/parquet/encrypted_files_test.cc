#include <arrow/io/memory.h>
#include <arrow/util/secure_string.h>
#include <gtest/gtest.h>
#include <parquet/arrow/writer.h>
#include <parquet/encryption/encryption.h>
#include <parquet/properties.h>

#include "skyhook/base/byte_source.h"
#include "skyhook/format/fragment.h"
#include "skyhook/testing/matchers.h"
#include "skyhook/testing/parquet_files.h"

namespace skyhook::format {
namespace {

using testing::FailsWith;
using testing::Require;
using EncryptionBuilder = parquet::FileEncryptionProperties::Builder;

arrow::util::SecureString Key() { return arrow::util::SecureString("0123456789abcdef"); }

std::shared_ptr<arrow::Buffer> Encrypted(EncryptionBuilder* encryption) {
  const auto table = testing::TableOf(
      arrow::schema({arrow::field("plain", arrow::int64()), arrow::field("secret", arrow::utf8())}),
      "1,a\n2,b\n3,c\n");
  parquet::WriterProperties::Builder builder;
  builder.encryption(encryption->build());
  auto sink = Require(arrow::io::BufferOutputStream::Create());
  Require(
      parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), sink, 3, builder.build()));
  return Require(sink->Finish());
}

parquet::ColumnPathToEncryptionPropertiesMap SecretColumn() {
  parquet::ColumnEncryptionProperties::Builder column;
  column.key(Key())->key_id("key of the column");
  return {{"secret", column.build()}};
}

arrow::Status Open(const std::shared_ptr<arrow::Buffer>& bytes) {
  return OpenFragment(base::MakeBufferSource(bytes, "secret.parquet"), {}, nullptr).status();
}

TEST(EncryptedFile, WithAnEncryptedFooterIsRefused) {
  EncryptionBuilder encryption(Key());
  EXPECT_THAT(Open(Encrypted(&encryption)), FailsWith(arrow::StatusCode::NotImplemented,
                                                      "secret.parquet: encrypted Parquet file"));
}

TEST(EncryptedFile, WithAPlainFooterIsRefusedByRowGroupAndColumn) {
  EncryptionBuilder encryption(Key());
  encryption.set_plaintext_footer()->encrypted_columns(SecretColumn());
  EXPECT_THAT(Open(Encrypted(&encryption)),
              FailsWith(arrow::StatusCode::NotImplemented,
                        "secret.parquet: row group 0: column 'secret': encrypted Parquet column"));
}

TEST(EncryptedFile, WithAPlainFooterAndOneKeyIsRefusedByRowGroupAndColumn) {
  EncryptionBuilder encryption(Key());
  encryption.set_plaintext_footer();
  EXPECT_THAT(Open(Encrypted(&encryption)),
              FailsWith(arrow::StatusCode::NotImplemented,
                        "secret.parquet: row group 0: column 'plain': encrypted Parquet column"));
}

}  // namespace
}  // namespace skyhook::format
