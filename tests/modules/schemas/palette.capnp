@0xd3a1c1f0a5b60023;
# Direct methods alone, with all that those can have: an enum of another file, one inside an interface, constants,
# default values, Void, inherited methods. Needs no libcapnp.

using Bulkhead = import "/bulkhead/bulkhead.capnp";
using Cxx = import "/capnp/c++.capnp";
using import "shared/geometry.capnp".Axis;

$Cxx.namespace("palette");

const maxColors :Int16 = -12;
const scale :Float64 = 0.25;
const title :Text = "the \"palette\"";

interface Mixer {
  # To inherit from, in the same file.
  mix @0 (shade :Palette.Shade, axis :Axis) -> (axis :Axis, shade :Palette.Shade);
}

interface Palette extends(Mixer) $Bulkhead.exports {
  enum Shade {
    lightGray @0;
    black @1;
  }

  defaults @0 (
      a :Int8 = -3, b :Bool = true, c :Float32 = 0.5, d :Shade = black, e :Text = "default", f :Data = 0x"00 ff",
      g :List(Int16) = [1, -2], h :List(Text) = ["x", ""], i :List(Bool) = [true, false],
      j :List(Axis) = [y, x], k :List(Data) = [0x"01", ""], l :List(Float64) = [0.5, inf], m :UInt64 = 5,
      n :List(Int64) = [-9223372036854775808]) -> (
      a :Int8 = 3, b :Bool = true, c :Float32 = -0.5, d :Shade = black, e :Text = "result", f :Data = 0x"01",
      g :List(Int16) = [3], h :List(Text) = ["y"], i :List(Bool) = [false], j :List(Axis) = [zAxis],
      k :List(Data) = [0x"02"], l :List(Float64) = [-2.5], m :UInt64 = 18446744073709551615, n :List(Int64) = [5]);
  axes @1 (axes :List(Axis)) -> (axes :List(Axis));
  around @2 (a :Void, b :Shade, c :Void) -> (d :Void, e :Shade);
  report @3 (viaHost :Bool, line :Text) -> (lines :UInt32, last :Text);
  bytes @4 (viaHost :Bool, data :Data) -> (data :Data);
  numbers @5 (numbers :List(Int64)) -> (numbers :List(Int64));
  flags @6 (flags :List(Bool)) -> (flags :List(Bool));
}

interface PaletteHost extends(Mixer) $Bulkhead.imports {
  report @0 (line :Text) -> (lines :UInt32, last :Text);
  bytes @1 (data :Data) -> (data :Data);
}
