@0xd3a1c1f0a5b60001;
# Every direct shape, there and back. With `viaHost` the value also passes the host's import of the same shape.

using Bulkhead = import "/bulkhead/bulkhead.capnp";
using Cxx = import "/capnp/c++.capnp";

$Cxx.namespace("shapes");

enum Color {
  red @0;
  green @1;
  blue @2;
}

interface Shapes $Bulkhead.exports {
  scalars @0 (
      viaHost :Bool, a :Bool, b :Int8, c :Int16, d :Int32, e :Int64, f :UInt8, g :UInt16, h :UInt32, i :UInt64,
      j :Float32, k :Float64, l :Color) -> (
      a :Bool, b :Int8, c :Int16, d :Int32, e :Int64, f :UInt8, g :UInt16, h :UInt32, i :UInt64, j :Float32,
      k :Float64, l :Color);
  text @1 (viaHost :Bool, text :Text) -> (text :Text);
  data @2 (viaHost :Bool, data :Data) -> (data :Data);
  lists @3 (
      viaHost :Bool, a :List(Bool), b :List(Int8), c :List(Int16), d :List(Int32), e :List(Int64), f :List(UInt8),
      g :List(UInt16), h :List(UInt32), i :List(UInt64), j :List(Float32), k :List(Float64), l :List(Color),
      m :List(Text), n :List(Data)) -> (
      a :List(Bool), b :List(Int8), c :List(Int16), d :List(Int32), e :List(Int64), f :List(UInt8),
      g :List(UInt16), h :List(UInt32), i :List(UInt64), j :List(Float32), k :List(Float64), l :List(Color),
      m :List(Text), n :List(Data));
  nothing @4 (viaHost :Bool) -> ();
  empty @5 () -> ();
  one @6 () -> (number :UInt64);
  # One scalar result, no parameter.
  color @7 (color :Color) -> (color :Color);
  bit @8 (bit :Bool) -> (bit :Bool);
  sum @9 (numbers :List(Float64)) -> (sum :Float64);
  names @10 () -> (names :List(Text));
}

interface ShapesHost $Bulkhead.imports {
  hostScalars @0 (
      a :Bool, b :Int8, c :Int16, d :Int32, e :Int64, f :UInt8, g :UInt16, h :UInt32, i :UInt64, j :Float32,
      k :Float64, l :Color) -> (
      a :Bool, b :Int8, c :Int16, d :Int32, e :Int64, f :UInt8, g :UInt16, h :UInt32, i :UInt64, j :Float32,
      k :Float64, l :Color);
  text @1 (text :Text) -> (text :Text);
  data @2 (data :Data) -> (data :Data);
  hostLists @3 (
      a :List(Bool), b :List(Int8), c :List(Int16), d :List(Int32), e :List(Int64), f :List(UInt8), g :List(UInt16),
      h :List(UInt32), i :List(UInt64), j :List(Float32), k :List(Float64), l :List(Color), m :List(Text),
      n :List(Data)) -> (
      a :List(Bool), b :List(Int8), c :List(Int16), d :List(Int32), e :List(Int64), f :List(UInt8),
      g :List(UInt16), h :List(UInt32), i :List(UInt64), j :List(Float32), k :List(Float64), l :List(Color),
      m :List(Text), n :List(Data));
  nothing @4 () -> ();
}
