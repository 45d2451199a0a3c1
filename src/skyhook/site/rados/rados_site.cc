#include "skyhook/site/rados/rados_site.h"

#include <cerrno>
#include <charconv>
#include <rados/librados.hpp>
#include <utility>

#include "skyhook/base/status.h"
#include "skyhook/format/fragment.h"
#include "skyhook/site/fragment_version.h"
#include "skyhook/site/refusal.h"
#include "skyhook/wire/reply.h"
#include "skyhook/wire/request.h"

namespace skyhook::site::rados {
namespace {

using arrow::Result;
using arrow::Status;
using store::rados::Operated;

// How long a wait lasts before the stop token is looked at.
constexpr double kWaitSeconds = 0.01;

class ReplyAnswer : public Answer {
 public:
  explicit ReplyAnswer(wire::Reply reply) : reply_(std::move(reply)) {}

  Result<std::shared_ptr<arrow::RecordBatch>> Next() override {
    if (next_ == reply_.batches.size()) return nullptr;
    return std::move(reply_.batches[next_++]);
  }
  const plan::Outcome& outcome() const override { return reply_.outcome; }

 private:
  wire::Reply reply_;
  size_t next_ = 0;
};

// Why an OSD did not run a pipeline that another may, or the client itself; nothing for errors that
// are about the object.
const char* ReasonOf(int error) {
  switch (error) {
    case -EPERM:
    case -EACCES:
      return "the OSD does not load the class skyhook, or the client's capabilities lack x";
    case -EOPNOTSUPP:
      return "the OSD has no class skyhook, or its pool is erasure-coded";
    case -EIO:
      return "the OSD cannot load the class skyhook";
    case -ENOTCONN:
      return "the OSD cannot start its worker";
    case -ESHUTDOWN:
    case -EPROTO:
      return "the OSD's worker failed";
    case -ETIMEDOUT:
      return "the OSD's worker did not answer in time";
    case -E2BIG:
      return "the request is too large for the OSD";
    case -EINVAL:
      return "the OSD does not understand the request";
    case -ENOMEM:
      return "the OSD has no memory for the call";
    default:
      return nullptr;
  }
}

class RadosSite : public Site {
 public:
  RadosSite(std::shared_ptr<store::rados::Pool> pool, const RadosSiteOptions& options)
      : pool_(std::move(pool)), options_(options) {
    profile_.location = pool_->UriOf("");
  }

  const Profile& profile() const override { return profile_; }

  Result<FragmentDescription> Describe(const FragmentId& id) override {
    ARROW_ASSIGN_OR_RAISE(auto source, OpenBytes(id));
    FragmentDescription out;
    out.bytes = source->size();
    ARROW_ASSIGN_OR_RAISE(const auto fragment, format::OpenFragment(std::move(source), {}, {}));
    out.id = {id.name, fragment->version()};
    out.declared_schema = fragment->declared_schema();
    out.field_ids = fragment->field_ids();
    out.num_rows = fragment->num_rows();
    for (int group = 0; group < fragment->num_row_groups(); ++group) {
      out.row_groups.push_back(fragment->row_group_rows(group));
    }
    return out;
  }

  Result<std::shared_ptr<base::ByteSource>> OpenBytes(const FragmentId& id) override {
    ARROW_ASSIGN_OR_RAISE(auto source, pool_->OpenObject(id.name));
    ARROW_RETURN_NOT_OK(CheckVersion(id, source->version(), source->name()));
    return source;
  }

  Result<std::unique_ptr<Answer>> Run(Request request) override {
    wire::Request asked{request.pipeline,
                        pool_->UriOf(request.fragment.name),
                        request.rows,
                        request.limits,
                        request.runtime_filters,
                        {wire::Codec::kNone, wire::Codec::kLz4},
                        options_.reply_bytes};
    auto message = wire::EncodeRequest(asked, options_.call_ms);
    if (base::Is(message.status(), base::Code::kUnsupportedPlan)) {
      return Refuse(request, message.status().message());
    }
    ARROW_RETURN_NOT_OK(message.status());
    auto reply = std::make_shared<librados::bufferlist>();
    ARROW_ASSIGN_OR_RAISE(const Operated operated, Send(request, *message, reply));
    if (const char* reason = ReasonOf(operated.result); reason != nullptr) {
      return Refuse(request, reason);
    }
    if (operated.result < 0) {
      return store::rados::ObjectError("cannot scan", asked.fragment, operated.result);
    }
    return AnswerOf(request, asked, *reply, operated.version);
  }

 private:
  Result<Operated> Send(const Request& request, const std::string& message,
                        const std::shared_ptr<librados::bufferlist>& reply) {
    ARROW_RETURN_NOT_OK(request.stop.Poll());
    librados::ObjectReadOperation operation;
    if (!request.fragment.version.empty()) {
      ARROW_ASSIGN_OR_RAISE(const uint64_t version, VersionNumber(request.fragment));
      operation.assert_version(version);
    }
    librados::bufferlist in;
    in.append(message);
    operation.exec("skyhook", "scan", in, reply.get(), nullptr);
    auto future = pool_->Operate(request.fragment.name, &operation);
    future.AddCallback([reply](const Result<Operated>&) {});  // it is written to until then
    while (!future.Wait(kWaitSeconds)) ARROW_RETURN_NOT_OK(request.stop.Poll());
    return future.result();
  }

  Result<uint64_t> VersionNumber(const FragmentId& id) const {
    uint64_t version = 0;
    const char* end = id.version.data() + id.version.size();
    const auto [parsed, error] = std::from_chars(id.version.data(), end, version);
    if (error == std::errc() && parsed == end) return version;
    return base::Invalid("'{}': '{}' is no version of an object", pool_->UriOf(id.name),
                         id.version);
  }

  // A reply that is damaged says nothing: the fragment is read instead.
  Result<std::unique_ptr<Answer>> AnswerOf(const Request& request, const wire::Request& asked,
                                           const librados::bufferlist& bytes, uint64_t version) {
    ARROW_ASSIGN_OR_RAISE(const auto message, store::rados::CopyOf(bytes));
    auto reply = wire::DecodeReply(message, asked);
    if (!reply.ok()) return Refuse(request, reply.status().message());
    if (base::Is(reply->status, base::Code::kUnsupportedPlan)) {
      return Refuse(request, reply->status.message());
    }
    ARROW_RETURN_NOT_OK(reply->status);
    reply->outcome.version = std::to_string(version);
    return std::make_unique<ReplyAnswer>(*std::move(reply));
  }

  std::shared_ptr<store::rados::Pool> pool_;
  const RadosSiteOptions options_;
  Profile profile_{.kind = "rados", .location = "", .runs_pipelines = true};
};

}  // namespace

std::shared_ptr<Site> MakeRadosSite(std::shared_ptr<store::rados::Pool> pool,
                                    const RadosSiteOptions& options) {
  return std::make_shared<RadosSite>(std::move(pool), options);
}

}  // namespace skyhook::site::rados
