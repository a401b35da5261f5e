// generic call FILE METHOD JSON --isolated: the public header of generic calls, without any contract.
#include <bulkhead/generic.h>

#include <iostream>

int main(int count, char** arguments) {
  if (count < 5) return 2;
  bulkhead::Host host;
  const auto module = host.load(arguments[2], bulkhead::Placement::isolated(), {},
                                {.name = {}, .missingImports = bulkhead::MissingImports::unimplemented});
  const auto generic = module ? bulkhead::GenericModule::of(*module) : module.error();
  const auto answer = generic ? generic->callJson(arguments[3], arguments[4]) : generic.error();
  std::cout << (answer ? *answer : answer.error().message()) << "\n";
  return answer ? 0 : 1;
}
