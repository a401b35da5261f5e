# expect: renamed_parameter.capnp: Codec.run: a: has $Cxx.name, which is not supported; rename it in the schema
@0xb0f1d5d5c5a5b62e;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
using Cxx = import "/capnp/c++.capnp";
interface Codec $Bulkhead.exports { run @0 (a :Int8 $Cxx.name("b")) -> (); }
