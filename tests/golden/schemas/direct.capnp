@0xb0f1d5d5c5a5b5e5;
# Every direct type, and names that meet those of the generated code.

using Bulkhead = import "/bulkhead/bulkhead.capnp";
using Cxx = import "/capnp/c++.capnp";

$Cxx.namespace("golden::direct");

enum Color {
  # What a pixel can be.
  red @0;
  # Like a rose.
  green @1;
}

const limitless :Float32 = inf;
const bottomless :Float64 = -inf;
const unknown :Float64 = nan;
# Is not even itself.

interface Direct $Bulkhead.exports {
  # Methods of all direct types.

  add @0 (a :Int32, b :Int32) -> (sum :Int32) $Bulkhead.deadlineMs(250) $Bulkhead.idempotent;
  # The sum of both.
  #
  # Wraps around \ without a word. What, really??!
  # Never ends in a trigraph??/

  divide @1 (a :Int32, b :Int32) -> (
      quotient :Int32, remainder :Int32, isExact :Bool, color :Color, label :Text);
  greet @2 (name :Text) -> (text :Text);
  echo @3 (
      a :Bool, b :Int8, c :Int16, d :Int32, e :Int64, f :UInt8, g :UInt16, h :UInt32, i :UInt64, j :Float32,
      k :Float64, l :Color, m :Text, n :Data) -> (
      a :Bool, b :Int8, c :Int16, d :Int32, e :Int64, f :UInt8, g :UInt16, h :UInt32, i :UInt64, j :Float32,
      k :Float64, l :Color, m :Text, n :Data);
  lists @4 (
      a :List(Bool), b :List(Int8), c :List(Int16), d :List(Int32), e :List(Int64), f :List(UInt8), g :List(UInt16),
      h :List(UInt32), i :List(UInt64), j :List(Float32), k :List(Float64), l :List(Color), m :List(Text),
      n :List(Data)) -> (
      a :List(Bool), b :List(Int8), c :List(Int16), d :List(Int32), e :List(Int64), f :List(UInt8), g :List(UInt16),
      h :List(UInt32), i :List(UInt64), j :List(Float32), k :List(Float64), l :List(Color), m :List(Text),
      n :List(Data));
  nothing @5 () -> ();
  flip @6 (bits :List(Bool)) -> (bits :List(Bool));
  names @7 (self :Bool, error :Text, value :Int8, table :Int16, status :List(Text)) -> (self :Bool);
  relay @8 (lines :List(Text)) -> (call :List(Text));
  colour @9 (of :Color) -> (color :Color);
}

interface DirectHost $Bulkhead.imports $Bulkhead.serialized {
  # What the module may ask for.

  log @0 (line :Text) -> ();
  # Takes a line.

  join @1 (lines :List(Text)) -> (lines :List(Text), count :UInt8);
}
