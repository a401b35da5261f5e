@0xd2f0c7b19a4e635a;
# One contract with every construct.

using Bulkhead = import "/bulkhead/bulkhead.capnp";
using Cxx = import "/capnp/c++.capnp";
using Shop = import "/shop/types.capnp";

$Cxx.namespace("everything");

const answer :Int32 = 42;

struct Request {
  text @0 :Text = "whatever";
  union {
    nothing @1 :Void;
    items @2 :List(Shop.Item);
  }
  group :group {
    count @3 :UInt32 = 7;
  }
}

struct Response {
  text @0 :Text;
  items @1 :List(Shop.Item);
}

interface Base extends(Shop.Described) {
  close @0 () -> ();
}

interface Everything extends(Base) $Bulkhead.exports {
  enum Mode {
    slow @0;
    quiteFast @1;
  }

  scalars @0 (
      a :Bool, b :Int8, c :Int16, d :Int32, e :Int64, f :UInt8, g :UInt16, h :UInt32, i :UInt64, j :Float32,
      k :Float64, l :Mode, m :Shop.Currency) -> (sum :Float64, mode :Mode) $Bulkhead.deadlineMs(60000);
  bytes @1 (text :Text, data :Data) -> (text :Text, data :Data) $Bulkhead.idempotent;
  lists @2 (
      bits :List(Bool), numbers :List(Int32), modes :List(Mode), texts :List(Text), datas :List(Data)) -> (
      bits :List(Bool), numbers :List(Int32), modes :List(Mode), texts :List(Text), datas :List(Data));
  defaults @3 (number :Int32 = -5, text :Text = "default", list :List(Int8) = [1]) -> (text :Text = "none");
  nothing @4 (nothing :Void) -> (nothing :Void);
  empty @5 () -> ();
  item @6 (item :Shop.Item) -> (item :Shop.Item);
  items @7 (items :List(Shop.Item)) -> (items :List(Shop.Item));
  rows @8 (rows :List(List(Text))) -> (rows :List(List(Text)));
  any @9 (value :AnyPointer) -> (value :AnyPointer);
  pair @10 (pair :Shop.Pair(Text, Shop.Item)) -> (pair :Shop.Pair(Text, Shop.Item), count :UInt32);
  search @11 Request -> Response;
}

interface EverythingHost extends(Shop.Described) $Bulkhead.imports $Bulkhead.serialized {
  search @0 Request -> Response;
  scalars @1 (a :Bool) -> (a :Bool, b :Bool);
}
