// The half of a lane that answers the module: its imports, and errors.
#include "host/isolated/host_lane.h"
#include "shared/lane/error_frame.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace bulkhead::isolated {

using lane::FrameKind;

// Where a skeleton builds the answer of an import: in the slot while it fits, else in a region.
class ImportReply {
 public:
  explicit ImportReply(HostLane& lane) : lane_(lane), reply_{this, &extend} {}
  const BulkheadReply* reply() const noexcept { return &reply_; }
  const std::optional<HostLane::Place>& place() const noexcept { return place_; }
  std::uint64_t words() const noexcept { return words_; }
  // What is not in its place yet, or null.
  const std::uint64_t* gathered() const noexcept {
    return place_ && HostLane::isGathered(*place_, words_) ? gathered_.data() : nullptr;
  }
  // Where it was written, if it has a place.
  const std::uint64_t* start() const noexcept { return gathered() != nullptr ? gathered() : lane_.at(*place_); }
  const std::optional<Error>& error() const noexcept { return error_; }

 private:
  static std::uint64_t* extend(void* context, std::uint64_t words) {
    return static_cast<ImportReply*>(context)->grow(words);
  }

  std::uint64_t* grow(std::uint64_t words) {
    std::optional<HostLane::Place> before = place_;
    const std::uint64_t* const written = !before ? nullptr : (gathered() != nullptr ? gathered() : lane_.at(*before));
    if (before && (before->place & lane::kRegionBit) == 0) lane_.release(*before);
    auto place = lane_.reserve(words);
    if (!place) {
      error_ = place.error();
      return nullptr;
    }
    std::uint64_t* const start = HostLane::isGathered(*place, words) ? gathered_.data() : lane_.at(*place);
    if (before && written != start) std::memcpy(start, written, words_ * sizeof(std::uint64_t));
    if (before && (before->place & lane::kRegionBit) != 0 && before->place != place->place) lane_.release(*before);
    if (before) place->top = before->top;
    place_ = *place;
    words_ = words;
    return start;
  }

  HostLane& lane_;
  BulkheadReply reply_;
  std::optional<HostLane::Place> place_;
  std::uint64_t words_ = 0;
  std::array<std::uint64_t, lane::kGatheredWords> gathered_;
  std::optional<Error> error_;
};

void HostLane::serveImport(const Message& request, const Error* refuse) {
  ++depth_;
  ++importsServed_;
  const auto& imports = owner_.imports();
  const auto import = std::find_if(imports.begin(), imports.end(), [&](const detail::BoundImport& candidate) {
    return candidate.interfaceId == request.header.target;
  });
  if (refuse != nullptr) {
    postError(*refuse);
  } else if (import == imports.end()) {
    // The module cannot have a stub for what it was not granted: something else wrote this frame.
    owner_.condemn({ErrorKind::protocolViolation, {}, "an import of an interface that the module was not granted"});
  } else {
    answerImport(*import, request);
  }
  --depth_;
}

void HostLane::answerImport(const detail::BoundImport& import, const Message& request) {
  std::optional<lane::FrameError> reported;
  const BulkheadErrorSink sink{&reported, [](void* context, const BulkheadErrorView* view) {
                                 auto& to = *static_cast<std::optional<lane::FrameError>*>(context);
                                 try {
                                   to = lane::toFrameError(*view);
                                 } catch (...) {  // no memory for the text: the kind alone remains
                                   to.emplace().kind = view->kind;
                                 }
                               }};
  if (check_ != nullptr) [[unlikely]] {
    if (objection(detail::MessageRole::importRequest, "import", request.header, request.words)) return;
  }
  ImportReply reply(*this);
  const std::int32_t status =
      import.skeleton(import.table, import.self, request.header.ordinal, request.words, reply.reply(), &sink);
  if (status == BULKHEAD_OK && !reply.error()) {
    answered_ = reply.place();
    if (check_ != nullptr) [[unlikely]] {
      const BulkheadBytes message = {reply.place() ? reply.start() : nullptr, reply.words()};
      if (objection(detail::MessageRole::importReply, "import", request.header, message)) return;
    }
    post(FrameKind::reply, reply.place().value_or(Place{top_, top_}), reply.words(), 0, reply.gathered());
    return;
  }
  if (reply.place()) release(*reply.place());
  if (reply.error()) return postError(*reply.error());
  if (reported && reported->kind == static_cast<std::uint32_t>(ErrorKind::unimplemented) &&
      !owner_.declaresImport(import.interfaceId, request.header.ordinal)) {
    violation("import", "an import of a method that its manifest does not have");
    return;
  }
  postError(Error(ErrorBody{reported ? static_cast<ErrorKind>(reported->kind) : ErrorKind::hostError,
                            {},
                            {},
                            reported ? std::move(reported->type) : std::string(),
                            reported ? std::move(reported->text) : "failed without saying why",
                            nullptr}));
}

void HostLane::postError(const Error& error) {
  lane::FrameError frame = lane::toFrameError(error);
  auto place = reserve(lane::errorWords(frame));
  if (!place) {  // no memory for a long text: a short one always fits
    frame = {frame.kind, {}, frame.text.substr(0, 128)};
    place = reserve(lane::errorWords(frame));
  }
  if (!place) {
    owner_.condemn({ErrorKind::resourceExhausted, {}, "no room for an error frame"});
    return;
  }
  lane::encodeError(frame, at(*place));
  answered_ = *place;
  post(FrameKind::error, *place, lane::errorWords(frame));
}

void HostLane::serveWaiting(const Error* refuse) {
  if (!endpoint_.arrived()) return;
  auto message = receive("import");
  if (!message) return;
  if (answered_) release(*std::exchange(answered_, std::nullopt));
  if (message->header.kind == FrameKind::needRegion) return provideRegion(message->header.target);
  if (message->header.kind != FrameKind::call) {
    violation("import", "a frame on an import lane that asks for nothing");
    return;
  }
  serveImport(*message, refuse);
}

}  // namespace bulkhead::isolated
