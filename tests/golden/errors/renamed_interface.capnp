# expect: renamed_interface.capnp: Walker: has $Cxx.name, which is not supported; rename it in the schema
@0xb0f1d5d5c5a5b62f;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
using Cxx = import "/capnp/c++.capnp";
interface Codec $Bulkhead.exports $Cxx.name("Walker") { run @0 () -> (); }
