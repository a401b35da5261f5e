@0xb0f1d5d5c5a5b5e9;
# What needs messages.

using Bulkhead = import "/bulkhead/bulkhead.capnp";
using Cxx = import "/capnp/c++.capnp";
using Common = import "shared/common.capnp";

$Cxx.namespace("golden::constructs");

struct Request {
  query @0 :Text;
  limits :group {
    count @1 :UInt32 = 10;
  }
}

struct Response {
  hits @0 :List(Common.Measure);
}

interface Constructs extends(Common.Named) $Bulkhead.exports {
  measures @0 (list :List(Common.Measure), unit :Common.Unit) -> (list :List(Common.Measure));
  # A list of structs: the whole results are built in place.
  nested @1 (rows :List(List(Int32))) -> (rows :List(List(Int32)));
  any @2 (value :AnyPointer, structure :AnyStruct) -> (value :AnyPointer);
  search @3 Request -> Response;
  # Named structs are all parameters and all results.
  mixed @4 (pair :Common.Pair(Text, Common.Measure), results :Text) -> (
      measure :Common.Measure, count :UInt32, nothing :Void);
  count @5 (text :Text) -> (words :UInt32, letters :UInt32);
}

interface ConstructsHost $Bulkhead.imports {
  count @0 (text :Text) -> (words :UInt32, letters :UInt32);
  # Its result struct gives way to that of the exports.
  find @1 Request -> Response;
}
