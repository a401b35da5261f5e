@0xd3a1c1f0a5b60021;
# A module that says where it is, and one that hangs until it is let go.

using Bulkhead = import "/bulkhead/bulkhead.capnp";
using Cxx = import "/capnp/c++.capnp";

$Cxx.namespace("traced");

interface Traced $Bulkhead.exports {
  where @0 () -> (addresses :List(UInt64), base :UInt64, line :UInt32);
  # Return addresses in traced::innermost and what called it; where the module is loaded; the line of the first.
  hang @1 () -> ();
  # Until letGo.
  hangAnnotated @2 () -> () $Bulkhead.deadlineMs(60);
  letGo @3 () -> (line :UInt32);
  # All that hang now or later; the line where they do.
  hanging @4 () -> (count :UInt32);
}
