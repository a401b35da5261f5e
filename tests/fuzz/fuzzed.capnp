@0xd6a0b1d3c5e7f912;
# What the fuzzers of generated code decode: every direct kind, and structs.

using Bulkhead = import "/bulkhead/bulkhead.capnp";
using Cxx = import "/capnp/c++.capnp";

$Cxx.namespace("fuzzed");

struct Point {
  x @0 :Float64;
  y @1 :Float64;
}

struct Scene {
  name @0 :Text;
  points @1 :List(Point);
  tags @2 :List(Text);
  rows @3 :List(List(Int32));
  union {
    leaf @4 :Void;
    inner @5 :Scene;
  }
}

enum Mode {
  fast @0;
  slow @1;
}

interface Fuzzed $Bulkhead.exports {
  scalars @0 (
      a :Bool, b :Int8, c :Int16, d :Int32, e :Int64, f :UInt8, g :UInt16, h :UInt32, i :UInt64, j :Float32,
      k :Float64, l :Mode) -> (
      a :Bool, b :Int8, c :Int16, d :Int32, e :Int64, f :UInt8, g :UInt16, h :UInt32, i :UInt64, j :Float32,
      k :Float64, l :Mode);
  texts @1 (m :Text, n :Data) -> (m :Text, n :Data);
  lists @2 (
      a :List(Bool), b :List(Int8), c :List(Int16), d :List(Int32), e :List(Int64), f :List(UInt8), g :List(UInt16),
      h :List(UInt32), i :List(UInt64), j :List(Float32), k :List(Float64), l :List(Mode), m :List(Text),
      n :List(Data)) -> (
      a :List(Bool), b :List(Int8), c :List(Int16), d :List(Int32), e :List(Int64), f :List(UInt8), g :List(UInt16),
      h :List(UInt32), i :List(UInt64), j :List(Float32), k :List(Float64), l :List(Mode), m :List(Text),
      n :List(Data));
  nothing @3 () -> ();
  relay @4 (lines :List(Text)) -> (lines :List(Text));
  # Through FuzzedHost.join.
  render @5 (
      scene :Scene, name :Text, tags :List(Text), bits :List(Bool), blobs :List(Data), numbers :List(Int16),
      mode :Mode) -> (image :Scene);
  measure @6 (scene :Scene) -> (
      area :Float64, label :Text, mode :Mode, tags :List(Text), bits :List(Bool), blobs :List(Data),
      numbers :List(Int16), data :Data);
  show @7 (scene :Scene) -> (answer :Scene);
  # Through FuzzedHost.show.
}

interface FuzzedHost $Bulkhead.imports {
  join @0 (lines :List(Text)) -> (lines :List(Text), count :UInt8);
  show @1 (scene :Scene) -> (answer :Scene);
}
