// everything in-process|isolated: calls every method once; prints one line that must be the same in both placements.
#include "everything.host.h"

#include <bulkhead/host.h>

#include <capnp/message.h>

#include <iostream>
#include <string>
#include <string_view>

namespace {

using bulkhead::Result;
using shop::Item;
using Mode = everything::Everything::Mode;

class Host final : public everything::host::EverythingHost {
 public:
  Result<void> search(everything::Request::Reader params, everything::Response::Builder results) override {
    results.setText(std::string(params.getText()) + std::to_string(params.getGroup().getCount()));
    if (params.isItems()) results.setItems(params.getItems());
    return {};
  }
  Result<everything::EverythingHostScalarsResult> scalars(bool a) override {
    return everything::EverythingHostScalarsResult{a, !a};
  }
  Result<std::string> describe(shop::Currency currency) override {
    return std::string(currency == shop::Currency::POUND_STERLING ? "pounds" : "others");
  }
};

std::string run(const bulkhead::Placement& placement) {
  bulkhead::Host host;
  Host imports;
  auto module = host.load(EVERYTHING, placement, imports).value();
  const auto subject = module.get<everything::host::Everything>().value();
  std::string seen;
  const auto see = [&seen](const auto& part) { (seen += part) += ' '; };

  const auto sum =
      subject.scalars(true, -1, 2, 3, 4, 5, 6, 7, 8, 0.5F, 0.25, Mode::QUITE_FAST, shop::Currency::POUND_STERLING)
          .value();
  see(std::to_string(static_cast<int>(sum.sum * 4)) + (sum.mode == Mode::QUITE_FAST ? "fast" : "slow"));
  const std::byte byte[] = {std::byte{9}};
  see(subject.bytes("text", byte).value().text);
  const bool bits[] = {true, false};
  const std::int32_t numbers[] = {1, 2, 3};
  const Mode modes[] = {Mode::SLOW};
  const std::string_view texts[] = {"one"};
  const std::span<const std::byte> datas[] = {byte};
  see(std::to_string(subject.lists(bits, numbers, modes, texts, datas).value().numbers.size()));
  see(subject.defaults(0, "", {}).value());
  subject.nothing().value();
  subject.empty().value();

  capnp::MallocMessageBuilder message;
  auto request = message.initRoot<everything::Request>();
  auto items = request.initItems(2);
  items[1].setName("shoe");
  see(std::string(subject.item(items[1].asReader()).value()->getName()));
  see(std::to_string(subject.items(items.asReader()).value()->getItems()[0].getCents()));
  capnp::MallocMessageBuilder listed;
  auto rows = listed.getRoot<capnp::AnyPointer>().initAs<capnp::List<capnp::List<capnp::Text>>>(1);
  rows.init(0, 1).set(0, "cell");
  see(std::string(subject.rows(rows.asReader()).value()->getRows()[0][0]));
  see(std::string(subject.any(message.getRoot<capnp::AnyPointer>().asReader())
                      .value()
                      ->getValue()
                      .getAs<everything::Request>()
                      .getText()));
  capnp::MallocMessageBuilder paired;
  auto pair = paired.initRoot<shop::Pair<capnp::Text, Item>>();
  pair.setA("left");
  see(std::string(subject.pair(pair.asReader()).value()->getPair().getA()));
  const auto found = subject.search(request.asReader()).value();
  see(std::string(found->getText()) + std::to_string(found->getItems().size()));
  see(subject.describe(shop::Currency::POUND_STERLING).value());
  subject.close().value();
  see(std::to_string(everything::kAnswer));
  module.unload().value();
  return seen;
}

}  // namespace

int main(int argc, char** argv) {
  const bool isolated = argc > 1 && std::string_view(argv[1]) == "isolated";
  try {
    std::cout << run(isolated ? bulkhead::Placement::isolated() : bulkhead::Placement::inProcess()) << '\n';
    return 0;
  } catch (const std::exception& exception) {
    std::cerr << exception.what() << '\n';
    return 1;
  }
}
