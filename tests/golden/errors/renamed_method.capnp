# expect: renamed_method.capnp: Codec.run: has $Cxx.name, which is not supported; rename it in the schema
@0xb0f1d5d5c5a5b62d;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
using Cxx = import "/capnp/c++.capnp";
interface Codec $Bulkhead.exports { run @0 () -> () $Cxx.name("walk"); }
