# expect: c_name_namespace.capnp: namespace clock::codec: "clock" is a name of the C library; set another with $Cxx.namespace
@0xb0f1d5d5c5a5b702;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("clock::codec");
interface Codec $Bulkhead.exports { run @0 () -> (); }
