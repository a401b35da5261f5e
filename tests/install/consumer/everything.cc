#include "everything.module.h"

#include <string>

namespace {

using bulkhead::Result;
using everything::Request;
using everything::Response;
using shop::Item;
using Api = everything::Everything;

class Everything final : public everything::module::Everything {
 public:
  explicit Everything(everything::module::EverythingHost& host) : host_(host) {}

  Result<everything::ScalarsResult> scalars(bool a, std::int8_t b, std::int16_t c, std::int32_t d, std::int64_t e,
                                            std::uint8_t f, std::uint16_t g, std::uint32_t h, std::uint64_t i, float j,
                                            double k, Api::Mode l, shop::Currency m) override {
    const double sum = (a ? 1 : 0) + b + c + d + static_cast<double>(e) + f + g + h + static_cast<double>(i) +
                       static_cast<double>(j) + k + static_cast<double>(m);
    return everything::ScalarsResult{sum, l};
  }
  Result<everything::BytesResult> bytes(std::string_view text, std::span<const std::byte> data) override {
    return everything::BytesResult{std::string(text), {data.begin(), data.end()}};
  }
  Result<everything::ListsResult> lists(std::span<const bool> bits, std::span<const std::int32_t> numbers,
                                        std::span<const Api::Mode> modes, std::span<const std::string_view> texts,
                                        std::span<const std::span<const std::byte>> datas) override {
    everything::ListsResult result{{bits.begin(), bits.end()},
                                   {numbers.begin(), numbers.end()},
                                   {modes.begin(), modes.end()},
                                   {texts.begin(), texts.end()},
                                   {}};
    for (const auto data : datas) result.datas.emplace_back(data.begin(), data.end());
    return result;
  }
  Result<std::string> defaults(std::int32_t number, std::string_view text, std::span<const std::int8_t> list) override {
    return std::to_string(number) + std::string(text) + std::to_string(list.size());
  }
  Result<void> nothing() override { return {}; }
  Result<void> empty() override { return {}; }
  Result<void> item(Item::Reader item, Item::Builder out) override {
    out.setName(item.getName());
    return {};
  }
  Result<void> items(capnp::List<Item>::Reader items, Api::ItemsResults::Builder results) override {
    results.setItems(items);
    return {};
  }
  Result<void> rows(capnp::List<capnp::List<capnp::Text>>::Reader rows, Api::RowsResults::Builder results) override {
    results.setRows(rows);
    return {};
  }
  Result<void> any(capnp::AnyPointer::Reader value, Api::AnyResults::Builder results) override {
    results.getValue().set(value);
    return {};
  }
  Result<void> pair(shop::Pair<capnp::Text, Item>::Reader pair, Api::PairResults::Builder results) override {
    results.setPair(pair);
    results.setCount(2);
    return {};
  }
  Result<void> search(Request::Reader params, Response::Builder results) override {
    auto found = host_.search(params);
    if (!found) return found.error();
    results.setText(found->reader().getText());
    results.setItems(found->reader().getItems());
    return {};
  }
  Result<void> close() override { return {}; }
  Result<std::string> describe(shop::Currency currency) override {
    auto described = host_.describe(currency);
    if (!described) return described.error();
    return "module and " + *described;
  }

 private:
  everything::module::EverythingHost& host_;
};

}  // namespace

BULKHEAD_MODULE(Everything)
