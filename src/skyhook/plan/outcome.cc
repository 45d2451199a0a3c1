#include "skyhook/plan/outcome.h"

namespace skyhook::plan {

Cost& Cost::operator+=(const Cost& other) {
  bytes_read += other.bytes_read;
  read_calls += other.read_calls;
  rows_in += other.rows_in;
  rows_out += other.rows_out;
  bytes_out += other.bytes_out;
  cpu_ns += other.cpu_ns;
  read_ns += other.read_ns;
  wait_ns += other.wait_ns;
  network_bytes += other.network_bytes;
  row_groups += other.row_groups;
  row_groups_from_statistics += other.row_groups_from_statistics;
  row_groups_remembered += other.row_groups_remembered;
  row_groups_skipped_statistics += other.row_groups_skipped_statistics;
  row_groups_skipped_bloom += other.row_groups_skipped_bloom;
  row_groups_skipped_dictionary += other.row_groups_skipped_dictionary;
  row_groups_skipped_runtime += other.row_groups_skipped_runtime;
  rows_skipped_page_index += other.rows_skipped_page_index;
  rows_skipped_runtime += other.rows_skipped_runtime;
  pages_read += other.pages_read;
  pages_tested += other.pages_tested;
  pages_searched += other.pages_searched;
  pages_picked += other.pages_picked;
  pages_skipped += other.pages_skipped;
  pages_skipped_late += other.pages_skipped_late;
  partial_flushes += other.partial_flushes;
  spilled_bytes += other.spilled_bytes;
  fragments += other.fragments;
  fragments_skipped += other.fragments_skipped;
  return *this;
}

const char* StoppedByName(StoppedBy reason) {
  switch (reason) {
    case StoppedBy::kNothing:
      return "nothing";
    case StoppedBy::kRowLimit:
      return "row limit";
    case StoppedBy::kDeadline:
      return "deadline";
    case StoppedBy::kReplyBytes:
      return "reply bytes";
    case StoppedBy::kRowsIn:
      return "rows examined";
    case StoppedBy::kCancelled:
      return "cancelled";
    case StoppedBy::kRefused:
      return "refused";
  }
  return "unknown";
}

}  // namespace skyhook::plan
