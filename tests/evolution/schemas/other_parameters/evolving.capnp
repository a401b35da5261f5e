@0xb6f2a0c9d4e10001;
# The older version with an import of another type: refused.

using Bulkhead = import "/bulkhead/bulkhead.capnp";
using Cxx = import "/capnp/c++.capnp";

$Cxx.namespace("evolving");

enum Color @0xb6f2a0c9d4e10002 {
  red @0;
  green @1;
}

struct Point @0xb6f2a0c9d4e10003 {
  x @0 :Int32;
  y @1 :Int32;
}

struct Shape @0xb6f2a0c9d4e10004 {
  union {
    nothing @0 :Void;
    circle @1 :Int32;
  }
}

struct Path @0xb6f2a0c9d4e10005 {
  lengths @0 :List(Int32);
}

interface Evolving @0xb6f2a0c9d4e10006 $Bulkhead.exports {
  untouched @0 (a :Int32, b :Int32) -> (sum :Int32);
  parameterAdded @1 (a :Int32) -> (sum :Int32);
  resultAdded @2 (a :Int32) -> (twice :Int32);
  textAdded @3 (name :Text) -> (text :Text);
  enumValueAdded @4 (color :Color) -> (color :Color);
  structGrown @5 (point :Point) -> (point :Point);
  unionMemberAdded @6 (shape :Shape) -> (text :Text);
  listOfStructs @7 (path :Path) -> (sum :Int32);
  becameMessage @8 (name :Text) -> (text :Text);
  oldName @9 (a :Int32) -> (b :Int32);
  callsBack @10 (a :Int32) -> (text :Text);
  fails @11 (a :Int32) -> ();
}

interface EvolvingHost @0xb6f2a0c9d4e10007 $Bulkhead.imports {
  untouched @0 (a :Text) -> (b :Int32);
  parameterAdded @1 (a :Int32) -> (b :Int32);
  hostResultAdded @2 () -> (text :Text);
}
