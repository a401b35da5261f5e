@0xd3a1c1f0a5b60022;
# Every construct that a contract with structs can have. Where `viaHost` is set the module asks the host's method of
# the same name and gives what that gave.

using Bulkhead = import "/bulkhead/bulkhead.capnp";
using Cxx = import "/capnp/c++.capnp";
using Geometry = import "shared/geometry.capnp";
using Lifecycle = import "shared/lifecycle.capnp";
using import "shared/geometry.capnp".Point;
using import "shared/geometry.capnp".Box;
using import "shared/geometry.capnp".Axis;

$Cxx.namespace("constructs");

const maxPoints :UInt32 = 100000;
const motto :Text = "every shape";

struct Shape {
  name @0 :Text = "unnamed";
  union {
    nothing @1 :Void;
    circle :group {
      center @2 :Point;
      radius @3 :Float64 = 1;
    }
    polygon @4 :List(Point);
    holes @5 :List(Shape);
  }
  attributes :group {
    visible @6 :Bool = true;
    layers @7 :List(UInt8) = [1, 2];
    style :union {
      plain @8 :Void;
      dashed @9 :UInt16;
    }
  }

  enum Finish {
    matt @0;
    highGloss @1;
  }
  struct Paint {
    finish @0 :Finish = highGloss;
    opacity @1 :Float64 = 0.5;
  }
}

struct Request {
  viaHost @0 :Bool;
  id @1 :UInt64;
  query @2 :Text = "all";
  union {
    byName @3 :Text;
    byPoint @4 :Point;
  }
}

struct Response {
  id @0 :UInt64;
  status @1 :Text = "fresh";
  points @2 :List(Point);
}

struct Empty {}

interface Constructs extends(Lifecycle.Closable, Lifecycle.Named) $Bulkhead.exports {
  points @0 (viaHost :Bool, points :List(Point)) -> (points :List(Point));
  # Backwards.
  rows @1 (viaHost :Bool, rows :List(List(Int32))) -> (rows :List(List(Int32)));
  # Backwards, as all that follow leave things as they are.
  words @2 (viaHost :Bool, words :List(List(Text))) -> (words :List(List(Text)));
  axes @3 (viaHost :Bool, axes :List(List(Axis))) -> (axes :List(List(Axis)));
  cube @4 (viaHost :Bool, cube :List(List(List(Float32)))) -> (cube :List(List(List(Float32))));
  any @5 (viaHost :Bool, value :AnyPointer) -> (value :AnyPointer);
  anySorted @6 (viaHost :Bool, structure :AnyStruct, list :AnyList) -> (structure :AnyStruct, list :AnyList);
  search @7 Request -> Response;
  fresh @8 Empty -> Response;
  # Fills nothing.
  mixed @9 (viaHost :Bool, point :Point, count :UInt32, labels :List(Text), bits :List(Bool), axis :Axis) -> (
      point :Point, count :UInt32, labels :List(Text), bits :List(Bool), axis :Axis, more :List(Point));
  shape @10 (viaHost :Bool, shape :Shape) -> (shape :Shape);
  boxes @11 (viaHost :Bool, box :Box(Text), part :Box(Data).Part, many :List(Box(Point)), open :Box) -> (
      box :Box(Text), part :Box(Data).Part, many :List(Box(Point)), open :Box);
  defaults @12 (
      a :Int32 = -7, b :Bool = true, c :Float64 = 0.5, d :Axis = y, e :Text = "default", f :Data = 0x"00 ff",
      g :List(Int16) = [1, -2], h :List(Text) = ["x", ""], i :List(Bool) = [true, false]) -> (
      a :Int32 = 9, b :Bool = true, c :Float64 = -0.5, d :Axis = zAxis, e :Text = "result", f :Data = 0x"01",
      g :List(Int16) = [3], h :List(Text) = ["y"], i :List(Bool) = [false]);
  nothing @13 (nothing :Void) -> (nothing :Void);
  aroundNothing @14 (a :Void, b :Int32, c :Void) -> (d :Void, e :Int32);
  paint @15 (viaHost :Bool, paint :Shape.Paint, finish :Shape.Finish) -> (finish :Shape.Finish, paint :Shape.Paint);
  tally @16 (viaHost :Bool, words :List(Text)) -> (count :UInt32, longest :Text);
  voids @17 (viaHost :Bool, voids :List(Void)) -> (voids :List(Void));
  readMissing @18 (point :Point) -> (weight :Float32, tag :Text);
  failing @19 (points :List(Point)) -> (points :List(Point), count :UInt32);
  hostName @20 () -> (text :Text);
  # Of what ConstructsHost inherits.
  axis @21 (axis :Axis) -> (axis :Axis);
  weigh @22 Box(Point) -> (weight :Float32);
}

interface ConstructsHost extends(Lifecycle.Named) $Bulkhead.imports {
  points @0 (points :List(Point)) -> (points :List(Point));
  rows @1 (rows :List(List(Int32))) -> (rows :List(List(Int32)));
  words @2 (words :List(List(Text))) -> (words :List(List(Text)));
  axes @3 (axes :List(List(Axis))) -> (axes :List(List(Axis)));
  cube @4 (cube :List(List(List(Float32)))) -> (cube :List(List(List(Float32))));
  any @5 (value :AnyPointer) -> (value :AnyPointer);
  anySorted @6 (structure :AnyStruct, list :AnyList) -> (structure :AnyStruct, list :AnyList);
  search @7 Request -> Response;
  mixed @8 (point :Point, count :UInt32, labels :List(Text), bits :List(Bool), axis :Axis) -> (
      point :Point, count :UInt32, labels :List(Text), bits :List(Bool), axis :Axis, more :List(Point));
  shape @9 (shape :Shape) -> (shape :Shape);
  boxes @10 (box :Box(Text), part :Box(Data).Part, many :List(Box(Point)), open :Box) -> (
      box :Box(Text), part :Box(Data).Part, many :List(Box(Point)), open :Box);
  paint @11 (paint :Shape.Paint, finish :Shape.Finish) -> (finish :Shape.Finish, paint :Shape.Paint);
  tally @12 (words :List(Text)) -> (count :UInt32, longest :Text);
  voids @13 (voids :List(Void)) -> (voids :List(Void));
}
