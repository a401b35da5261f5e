@0xb0f1d5d5c5a5b5ea;
# Direct methods of this file and of others, with defaults.

using Bulkhead = import "/bulkhead/bulkhead.capnp";
using Cxx = import "/capnp/c++.capnp";
using Common = import "shared/common.capnp";

$Cxx.namespace("golden::inherits");

const limit :UInt32 = 7;
# Of everything.
const greeting :Text = "hello";

interface Inherits extends(Common.Sized, Common.Named) $Bulkhead.exports {
  enum Side {
    left @0;
    farRight @1;
  }

  all @0 (
      a :Int32 = -1, b :Bool = true, c :Float32 = 1.5, d :Side = farRight, e :Text = "e?", f :Data = 0x"00 01",
      g :List(Int16) = [1, -2], h :List(Text) = ["x", ""], i :List(Bool) = [true], j :List(Common.Unit) = [lightYear],
      k :List(Float64) = [0.5, inf], l :UInt64) -> (
      a :Int32 = -1, b :Bool = true, c :Float32 = 1.5, d :Side = farRight, e :Text = "e?", f :Data = 0x"00 01",
      g :List(Int16) = [1, -2], h :List(Text) = ["x", ""], i :List(Bool) = [true], j :List(Common.Unit) = [lightYear],
      k :List(Float64) = [0.5, inf], l :UInt64);
  convert @1 (unit :Common.Unit, nothing :Void) -> (nothing :Void, unit :Common.Unit);
}

interface InheritsHost extends(Common.Sized) $Bulkhead.imports $Bulkhead.serialized {
  show @0 (line :Text = "nothing") -> ();
}
