@0xb0f1d5d5c5a5b5e6;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
using Cxx = import "/capnp/c++.capnp";

$Cxx.namespace("golden::structs");

struct Point {
  x @0 :Float64;
  y @1 :Float64;
}

struct Scene {
  points @0 :List(Point);
  name @1 :Text;
  union {
    empty @2 :Void;
    inner @3 :Scene;
  }
}

enum Mode {
  fast @0;
  slow @1;
}

interface Structs $Bulkhead.exports {
  render @0 (
      scene :Scene, width :Int32, name :Text, modes :List(Mode), tags :List(Text), bits :List(Bool),
      blobs :List(Data), numbers :List(Int16), data :Data, mode :Mode, isOn :Bool) -> (image :Scene);
  # One struct in, one out, and direct values beside it.

  measure @1 (scene :Scene) -> (
      area :Float64, label :Text, mode :Mode, tags :List(Text), bits :List(Bool), blobs :List(Data),
      numbers :List(Int16), data :Data);
  make @2 (count :UInt32) -> (scene :Scene);
  both @3 (first :Scene, scene :Scene) -> (scene :Scene);
  plain @4 (a :Int32, mode :Mode) -> (b :Bool, mode :Mode);
  single @5 (scene :Scene) -> (tags :List(Text));
  take @6 (scene :Scene) -> ();
  fresh @7 () -> (scene :Scene);
}

interface StructsHost $Bulkhead.imports {
  show @0 (scene :Scene) -> (answer :Scene);
}
